"""What is counted of a skill's answers: one function of outcomes to a skill, by the skill's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shop_ai.evaluation.answering import Outcome
from shop_ai.evaluation.metrics import describe_product
from shop_ai.evaluation.shares import share

Metrics = Callable[[Sequence[Outcome]], dict[str, Any]]

METRICS: Mapping[str, Metrics] = {"describe_product": describe_product.measure}


def measure(skill: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The metrics of that skill; of one without any of its own, how many answers had the right form."""
    return METRICS.get(skill, _form)(outcomes)


def _form(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {"schema_valid": share(outcome.output is not None for outcome in outcomes if not outcome.declined)}
