"""Figures over many cases; None where there is nothing to count."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean


def mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return round(fmean(found), 4) if found else None


def share(hits: Iterable[object]) -> float | None:
    """The share of true values."""
    return mean(map(bool, hits))
