"""A skill's answers to cases, as a worker would get them. No job, no row: nothing is stored."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field

from pydantic import BaseModel

from shop_ai.evaluation.cases import Case
from shop_ai.exceptions import BackendError, Declined, InvalidOutput, Unsupported
from shop_ai.lm.base import Backend, Completion, Request
from shop_ai.skills import Skill, Subject
from shop_ai.worker.run import RE_ASKS, again, rows_of

Adapt = Callable[[Request], Request]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one case."""

    case: Case
    output: BaseModel | None = None
    candidates: tuple[BaseModel, ...] = ()
    declined: str = ""
    """Why the skill refused it, where it did."""
    error: str = ""
    """What went wrong."""


@dataclass(slots=True)
class _Asked:
    case: Case
    subject: Subject
    requests: tuple[Request, ...]
    futures: list[Future[Completion]] = field(default_factory=list)
    tries: int = 0

    @property
    def rows(self) -> int:
        return sum(map(rows_of, self.requests))

    def submit(self, backend: Backend) -> None:
        self.futures = [backend.submit(again(request, self.tries)) for request in self.requests]


def answered(
    skill: Skill, cases: Iterable[Case], backend: Backend, *, adapt: Adapt = lambda request: request
) -> Iterator[Outcome]:
    """Outcomes as they come, with as many requests at a time as the backend has room for.

    `adapt` may change each request, to try another adapter.
    """
    waiting: list[_Asked] = []
    for case in cases:
        asked = _asked(skill, case, adapt)
        if isinstance(asked, Outcome):
            yield asked
            continue
        while waiting and sum(one.rows for one in waiting) + asked.rows > backend.room:
            yield from _done(skill, waiting, backend)
        asked.submit(backend)
        waiting.append(asked)
    while waiting:
        yield from _done(skill, waiting, backend)


def _asked(skill: Skill, case: Case, adapt: Adapt) -> _Asked | Outcome:
    subject = Subject(
        values=dict.fromkeys(skill.role.fields) | dict(case.values),
        params=skill.Params(),
        language=case.language,
        seed=zlib.crc32(case.id.encode()),
    )
    try:
        return _Asked(case, subject, tuple(map(adapt, skill.ask(subject))))
    except Declined as error:
        return Outcome(case=case, declined=str(error))
    except Exception as error:  # of values that no row could have
        return Outcome(case=case, error=f"{type(error).__name__}: {error}")


def _done(skill: Skill, waiting: list[_Asked], backend: Backend) -> Iterator[Outcome]:
    """Those that are answered by now, at least one unless it is asked once more."""
    wait([future for one in waiting for future in one.futures if not future.done()], None, FIRST_COMPLETED)
    for one in [one for one in waiting if all(future.done() for future in one.futures)]:
        outcome = _outcome(skill, one)
        if outcome is None:
            one.tries += 1
            one.submit(backend)
        else:
            waiting.remove(one)
            yield outcome


def _outcome(skill: Skill, one: _Asked) -> Outcome | None:
    """None where the answer is to be asked for once more, as a worker would."""
    try:
        answer = skill.answer([future.result() for future in one.futures], one.subject)
    except InvalidOutput as error:
        if one.tries < RE_ASKS:
            return None
        if isinstance(error, Unsupported):
            return Outcome(case=one.case, declined=str(error))
        return Outcome(case=one.case, error=str(error))
    except Declined as error:
        return Outcome(case=one.case, declined=str(error))
    except BackendError as error:
        return Outcome(case=one.case, error=str(error))
    except Exception as error:  # of a skill's own code: the other cases go on
        return Outcome(case=one.case, error=f"{type(error).__name__}: {error}")
    return Outcome(case=one.case, output=answer.output, candidates=answer.candidates)
