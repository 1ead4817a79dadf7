"""kill -9 of workers at random moments (F1)."""

from __future__ import annotations

from tests.benchmarks.report import Figure
from tests.chaos import ledger
from tests.chaos.play import play
from tests.chaos.scene import scene
from tests.chaos.stage import Stage


def run(stage: Stage) -> list[Figure]:
    number, kills = stage.size(200, 50_000), stage.size(20, 100)
    with scene(stage, "kills", products=number, LM=stage.echo(0.5, 12)) as going:
        going.ask()
        play(going, stage.plan("kills", kill=kills))
        succeeded = ledger.states().get("succeeded", 0)
        return [
            *going.figures(dead=sum(ledger.dead().values())),
            going.figure("succeeded", succeeded, unit="jobs", target=f"= {number}"),
        ]
