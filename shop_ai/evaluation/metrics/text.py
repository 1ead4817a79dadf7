"""Measures of a text: overlap with a reference, the facts it holds. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from shop_ai.safety import grounding

ORDER, BETA = 6, 2
_ITEM = re.compile(r"\s*(?:[;；、\n]|,\s)\s*")
_UNTELLING = grounding.ANSWERS | {"n/a", "-"}


def chrf(text: str, reference: str) -> float:
    """chrF2, 0 to 100: F-score of shared runs of 1 to 6 characters, blanks left out (Popović, 2015)."""
    one, other = ("".join(some.split()) for some in (text, reference))
    precisions, recalls = [], []
    for size in range(1, ORDER + 1):
        mine, theirs = _runs(one, size), _runs(other, size)
        if not mine or not theirs:
            continue
        common = sum((mine & theirs).values())
        precisions.append(common / sum(mine.values()))
        recalls.append(common / sum(theirs.values()))
    if not any(precisions):
        return 0.0
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return 100 * (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)


def _runs(text: str, size: int) -> Counter[str]:
    return Counter(text[start : start + size] for start in range(len(text) - size + 1))


def coverage(text: str, facts: Mapping[str, Any]) -> float | None:
    """The mean share of each fact's items that stand in the text; None where there are no facts.

    A fact that is only "yes" or "no" is left out: nobody can tell by its words whether it is said.
    """
    shares = [share for value in facts.values() if (share := _covered(text, str(value))) is not None]
    return sum(shares) / len(shares) if shares else None


def _covered(text: str, value: str) -> float | None:
    items = [item for item in _ITEM.split(value) if item and item.lower() not in _UNTELLING]
    return sum(grounding.holds(text, item) for item in items) / len(items) if items else None
