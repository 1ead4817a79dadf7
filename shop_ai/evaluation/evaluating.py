"""One evaluation from a file of cases to its figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from shop_ai.conf import config, nearest
from shop_ai.evaluation.answering import Outcome, answered
from shop_ai.evaluation.cases import Broken, Case, CasesError, read
from shop_ai.evaluation.checkers import CHECKERS
from shop_ai.evaluation.metrics import measure
from shop_ai.exceptions import UnknownSkill
from shop_ai.lm.base import Request
from shop_ai.skills import Skill, skills
from shop_ai.worker import build_backend

NO_ADAPTER = "none"
Told = Callable[[int, int], object]
"""Called with how many cases are done, of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    skill: str
    n: int
    errors: int
    declined: int
    checkpoint: str | None
    """None for a checker, which needs no language model."""
    adapter: str | None
    seconds: float
    metrics: dict[str, Any]
    problems: tuple[str, ...] = ()
    """What was wrong with lines or answers, in words."""

    def figures(self) -> dict[str, Any]:
        found = asdict(self)
        del found["problems"]
        return found


def evaluate(
    name: str,
    path: Path,
    *,
    limit: int | None = None,
    checkpoint: str | None = None,
    adapter: str | None = None,
    told: Told = lambda done, of: None,
) -> Evaluation:
    """Measure a skill of the settings, or a checker.

    `adapter` takes the place of the skill's own; "none" is the bare checkpoint. Raises `UnknownSkill`,
    `CasesError`, and what opening the backend raises.
    """
    known = {**skills(), **CHECKERS}
    if name not in known:
        raise UnknownSkill(
            f"There is no skill or checker {name!r}. {nearest(name, known, what='skills and checkers')}"
        )
    lines = list(read(path, limit))
    cases = [line for line in lines if isinstance(line, Case)]
    broken = [f"line {line.line}: {line.reason}" for line in lines if isinstance(line, Broken)]
    if not cases:
        raise CasesError(f"{path} holds no case. {'; '.join(broken[:3])}".strip())
    if name in CHECKERS:
        return _checked(name, cases, broken)
    return _asked(skills()[name], cases, broken, checkpoint, adapter, told)


def _checked(name: str, cases: Sequence[Case], broken: Sequence[str]) -> Evaluation:
    began, checker = time.monotonic(), CHECKERS[name]
    found, wrong = [], []
    for case in cases:
        try:
            found.append(checker.look(case))
        except Exception as error:  # of a case that is not of this checker's form
            wrong.append(f"{case.id}: {type(error).__name__}: {error}")
    return Evaluation(
        skill=name,
        n=len(broken) + len(cases),
        errors=len(broken) + len(wrong),
        declined=0,
        checkpoint=None,
        adapter=None,
        seconds=round(time.monotonic() - began, 2),
        metrics=checker.sum_up(found),
        problems=(*broken, *wrong),
    )


def _asked(
    asked: Skill,
    cases: Sequence[Case],
    broken: Sequence[str],
    checkpoint: str | None,
    adapter: str | None,
    told: Told,
) -> Evaluation:
    began = time.monotonic()
    outcomes = _outcomes(asked, cases, checkpoint, adapter, told)
    wrong = [f"{outcome.case.id}: {outcome.error}" for outcome in outcomes if outcome.error]
    return Evaluation(
        skill=asked.name,
        n=len(broken) + len(cases),
        errors=len(broken) + len(wrong),
        declined=sum(bool(outcome.declined) for outcome in outcomes),
        checkpoint=checkpoint or config().LM.CHECKPOINT,
        adapter=_named(asked.adapter if adapter is None else adapter),
        seconds=round(time.monotonic() - began, 2),
        metrics=measure(asked.name, outcomes),
        problems=(*broken, *wrong),
    )


def _outcomes(
    asked: Skill, cases: Sequence[Case], checkpoint: str | None, adapter: str | None, told: Told
) -> list[Outcome]:
    def adapt(request: Request) -> Request:
        return request if adapter is None else replace(request, adapter=_named(adapter))

    backend, outcomes = build_backend(checkpoint), []
    backend.open()
    try:
        told(0, len(cases))
        for outcome in answered(asked, cases, backend, adapt=adapt):
            outcomes.append(outcome)
            told(len(outcomes), len(cases))
    finally:
        backend.close()
    return outcomes


def _named(adapter: str | None) -> str | None:
    return None if adapter == NO_ADAPTER else adapter
