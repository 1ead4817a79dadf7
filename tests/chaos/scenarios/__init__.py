"""One idea of what may go wrong to a file; `run(stage)` gives its figures."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from tests.benchmarks.report import Figure
from tests.chaos.stage import Stage

FILES = {
    "kills": "kills",
    "stops": "stops",
    "broker": "broker",
    "flush": "flush",
    "saves": "saves",
    "database": "database",
    "edits": "edits",
    "failpoints": "failpoints",
    "all": "mixed",
    "comparison": "comparison",
}
"""Name of a scenario → its file. They need Django, and so are imported when the servers are there."""


def scenario(name: str) -> Callable[[Stage], list[Figure]]:
    run: Callable[[Stage], list[Figure]] = import_module(f"{__name__}.{FILES[name]}").run
    return run
