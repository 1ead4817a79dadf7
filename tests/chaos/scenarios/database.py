"""PostgreSQL ended at once and started again, mid-run (F12)."""

from __future__ import annotations

from tests.benchmarks.report import Figure
from tests.chaos.play import play
from tests.chaos.scene import scene
from tests.chaos.stage import Stage


def run(stage: Stage) -> list[Figure]:
    number, restarts = stage.size(100, 5_000), stage.size(3, 10)
    with scene(stage, "database", products=number, LM=stage.echo(0.5, 12)) as going:
        going.ask()
        play(going, stage.plan("database", database=restarts))
        return [*going.figures(workers_that_ended=going.crew.ended + going.crew.killed)]
