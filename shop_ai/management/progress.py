"""Watching jobs from a terminal: counts, rate and time left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.core.management.base import OutputWrapper
from django.db.models import Count, QuerySet

from shop_ai.models import Job, State
from shop_ai.models.job import LIVE, TERMINAL

LOOK = 0.5
"""Seconds between two looks at the table."""
QUIET = 10.0
"""Seconds between two lines where the output is not a terminal."""


def counts(jobs: QuerySet[Job]) -> dict[str, int]:
    """Jobs by state, in one query; states nobody is in are left out."""
    return dict(jobs.order_by().values_list("state").annotate(n=Count("pk")))


def left(found: Mapping[str, int]) -> int:
    """How many have not ended."""
    return sum(found.get(state, 0) for state in LIVE)


class Progress:
    """One line that says how far the jobs are; call it as often as you like."""

    def __init__(self, out: OutputWrapper, label: str = "") -> None:
        self.out = out
        self.label = label
        self._live = out.isatty()
        self._began = time.monotonic()
        self._last = ("", 0.0)

    def __call__(self, found: Mapping[str, int]) -> None:
        text, now = line(found, time.monotonic() - self._began), time.monotonic()
        written, at = self._last
        if self._live:
            self._write(f"\r\x1b[K{self.label}{text}")
        elif text != written and (now - at >= QUIET or not left(found)):
            self._write(f"{self.label}{text}\n")
        else:
            return
        self._last = (text, now)

    def close(self) -> None:
        if self._live:
            self._write("\n")

    def _write(self, text: str) -> None:
        self.out.write(text, str, ending="")
        self.out.flush()


class Quiet(Progress):
    """Says nothing."""

    def __call__(self, found: Mapping[str, int]) -> None:
        """There is something better to look at."""

    def close(self) -> None:
        """Nothing was begun."""


def line(found: Mapping[str, int], seconds: float) -> str:
    """Such as `12 of 40 · 11 done, 1 declined · 3.1 a second · 9 s left`."""
    total, waiting = sum(found.values()), left(found)
    ended = total - waiting
    parts = [f"{ended} of {total}"]
    if ended:
        parts.append(in_words(found))
        rate = ended / max(seconds, 0.001)
        parts.append(f"{rate:.1f} a second" if rate >= 1 else f"{60 * rate:.1f} a minute")
        if waiting:
            parts.append(f"{duration(waiting / rate)} left")
    return " · ".join(parts)


def in_words(found: Mapping[str, Any]) -> str:
    """The ends the jobs came to."""
    return ", ".join(f"{found[s]} {State(s).label.lower()}" for s in TERMINAL if found.get(s))


def duration(seconds: float) -> str:
    """Seconds as a person would say them."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def watch(jobs: QuerySet[Job], progress: Progress, still_there: Any = lambda: None) -> dict[str, int]:
    """Follow the jobs to their end; `still_there` may raise when waiting has become pointless."""
    try:
        while True:
            found = counts(jobs)
            progress(found)
            if not left(found):
                return found
            still_there()
            time.sleep(LOOK)
    finally:
        progress.close()
