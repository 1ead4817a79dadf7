"""Checks by code, measured like skills: no language model, a case in, what they find out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from shop_ai.evaluation.cases import Case
from shop_ai.evaluation.shares import share
from shop_ai.safety.claims import ledger

Span = tuple[int, int]


class Checker(NamedTuple):
    look: Callable[[Case], Any]
    """What it finds in one case; raises whatever the case gets wrong."""
    sum_up: Callable[[Sequence[Any]], dict[str, Any]]


class Claims(NamedTuple):
    """Of one text: which false parts a flagged claim overlaps, and which true ones."""

    caught: list[bool]
    alarms: list[bool]


def claims(case: Case) -> Claims:
    """A case has `values: {"facts", "text"}` and `expect: {"unsupported": [parts], "supported": [parts]}`."""
    text, facts = str(case.values["text"]), case.values["facts"]
    flagged = [(claim.start, claim.end) for claim in ledger(text, facts) if claim.flagged]
    return Claims(
        *(
            [_hit(text, part, flagged) for part in case.expect.get(kind, ())]
            for kind in ("unsupported", "supported")
        )
    )


def caught(found: Sequence[Claims]) -> dict[str, Any]:
    """`caught` of the false parts, `false_alarms` of the true ones, and how many of each there are."""
    false = [hit for one in found for hit in one.caught]
    true = [hit for one in found for hit in one.alarms]
    return {"caught": share(false), "false_alarms": share(true), "false": len(false), "true": len(true)}


def _hit(text: str, part: str, flagged: Iterable[Span]) -> bool:
    """Whether a flagged span overlaps the part, wherever it stands."""
    spans = list(flagged)
    return any(
        start < place + len(part) and place < end for place in _places(text, part) for start, end in spans
    )


def _places(text: str, part: str) -> Iterable[int]:
    place = text.find(part)
    while part and place >= 0:
        yield place
        place = text.find(part, place + 1)


CHECKERS: Mapping[str, Checker] = {"check_claims": Checker(claims, caught)}
