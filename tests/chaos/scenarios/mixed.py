"""Everything at once: kills, stops, a broker and a database that go away, people who edit."""

from __future__ import annotations

from tests.benchmarks.report import Figure
from tests.chaos import ledger
from tests.chaos.plan import in_order, waves
from tests.chaos.play import play
from tests.chaos.scene import scene, told
from tests.chaos.stage import Stage

SIZES = {
    "kill": (6, 100),
    "broker": (2, 20),
    "database": (1, 5),
    "stop": (2, 30),
    "facts": (8, 400),
    "text": (8, 400),
    "delete": (4, 200),
}
"""Kind → how many in the short form, and in the long one."""


def run(stage: Stage) -> list[Figure]:
    number = stage.size(300, 50_000)
    faults = stage.plan("all", **{kind: stage.size(*sizes) for kind, sizes in SIZES.items()})
    with scene(stage, "all", products=number, workers=3, LM=stage.echo(0.3, 12)) as going:
        play(going, in_order([*waves(10), *faults]))
        dead = ledger.dead()
        return [
            *going.figures(old_texts=ledger.old_texts(), overwritten=ledger.overwritten(going.typed)),
            # No target: a job that is hit three times, the last time while it runs alone, is given up.
            going.figure("dead", sum(dead.values()), unit="jobs", detail=told(dead) if dead else ""),
        ]
