"""How fast a skill's jobs are done, from the log of attempts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shop_ai.models import Attempt, Batch

LAST = 200
"""Attempts that are looked at."""
FEWEST = 3
"""With fewer nothing is said."""
Span = tuple[datetime, datetime]


def rate(skill: str, batch: Batch | None = None) -> float | None:
    """Jobs a minute while jobs ran; None when too little is known. One query."""
    attempts = Attempt.objects.filter(job__skill=skill, outcome__in=("succeeded", "stale", "declined"))
    if batch is not None:
        attempts = attempts.filter(job__batch=batch)
    spans = attempts.order_by("-pk").values_list("started_at", "finished_at")[:LAST]
    return per_minute([(start, end) for start, end in spans if end is not None])


def per_minute(spans: list[Span]) -> float | None:
    seconds = busy(spans)
    if len(spans) < FEWEST or seconds <= 0:
        return None
    return len(spans) * 60 / seconds


def busy(spans: Iterable[Span]) -> float:
    """Seconds covered by at least one span: jobs run side by side, and between them nothing may run."""
    total, until = 0.0, None
    for start, end in sorted(spans):
        begin = start if until is None or start > until else until
        if end > begin:
            total += (end - begin).total_seconds()
            until = end
    return total


def minutes_left(jobs: int, per_minute: float | None) -> int | None:
    """Whole minutes, rounded up."""
    if not per_minute:
        return None
    return int(-(-jobs // per_minute))
