"""SIGSTOP of a worker for two leases, then SIGCONT: it writes nothing of what it held (F4)."""

from __future__ import annotations

from shop_ai.models import Attempt
from tests.benchmarks.report import Figure
from tests.chaos.play import play
from tests.chaos.scene import scene
from tests.chaos.stage import Stage


def run(stage: Stage) -> list[Figure]:
    number, stops = stage.size(100, 20_000), stage.size(3, 30)
    with scene(stage, "stops", products=number, LM=stage.echo(0.5, 12)) as going:
        going.ask()
        play(going, stage.plan("stops", stop=stops))
        held = Attempt.objects.filter(pk__in=going.held)
        wrote = held.exclude(outcome="lost").count()
        return [
            *going.figures(written_by_the_resumed=wrote),
            going.figure("fenced", held.filter(outcome="lost").count(), unit="attempts", target=f"≥ {stops}"),
        ]
