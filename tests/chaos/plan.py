"""What goes wrong and when, decided before anything runs: the same seed gives the same faults."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

BEGIN, END = 0.02, 0.85
"""Shares of the jobs between which faults lie. What is lost goes back behind the others: while fresh jobs
wait, no fault meets a job for the third time."""
PAUSE = 0.3
"""Most seconds between a share that was reached and its fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong."""

    at: float
    """Share of the jobs that have ended by then."""
    kind: str
    """Key of `faults.KINDS`."""
    pick: int = 0
    """Which of those workers or jobs that are there then, counted round and round."""
    wait: float = 0.0
    """Seconds from then to the fault."""


def chance(seed: int, name: str) -> random.Random:
    """A scenario's own chance: the same whether it runs alone or among others."""
    return random.Random(f"{seed} {name}")


def plan(seed: int, name: str, **counts: int) -> tuple[Fault, ...]:
    """So many faults of each kind, in the order in which they come."""
    own = chance(seed, name)
    return in_order(
        Fault(at=own.uniform(BEGIN, END), kind=kind, pick=own.randrange(2**16), wait=own.uniform(0, PAUSE))
        for kind, number in counts.items()
        for _ in range(number)
    )


def waves(number: int) -> tuple[Fault, ...]:
    """Asking for the jobs in so many parts: one under way and one waiting at any time."""
    return tuple(Fault(at=max(0, n - 1) / number, kind="ask", pick=number) for n in range(number))


def in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda fault: fault.at))
