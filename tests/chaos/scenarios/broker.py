"""redis-server killed and started again under traffic, with and without an append-only file (F7)."""

from __future__ import annotations

import time

from shop_ai import tasks
from shop_ai.models import Attempt
from tests.benchmarks.report import Figure
from tests.celery.harness import wait_until
from tests.chaos.play import play
from tests.chaos.scene import Scene, scene
from tests.chaos.stage import Stage

NEVER = 3600.0
"""The worker does not look by itself: what it finds, it was rung for."""
KEPT = {"broker.with_file": "yes", "broker.without_file": "no"}


def run(stage: Stage) -> list[Figure]:
    return [figure for name, kept in KEPT.items() for figure in _run(stage, name, kept)]


def _run(stage: Stage, name: str, kept: str) -> list[Figure]:
    before, rounds = stage.redis.options, stage.size(3, 20)
    part = stage.size(4, 20)
    stage.redis.options = ("--save", "", "--appendonly", kept)
    stage.redis.restart()
    try:
        with scene(stage, name, products=3 * part * rounds, workers=1, IDLE_LOOK=NEVER) as going:
            wait_until(going.crew.awake, "the worker")
            waits = [_away(going, part) for _ in range(rounds)]
            play(going)
            worst = max(waits)
            detail = f"after {rounds} kills, the worker never started anew; {_listed(waits)}"
            return [
                *going.figures(workers_that_ended=going.crew.ended),
                going.figure("rings_again", worst, unit="s", target="≤ 30", detail=detail),
            ]
    finally:
        stage.redis.options = before
        stage.redis.restart()


def _away(going: Scene, part: int) -> float:
    """Ask before, while it is away, and after; seconds from the last ring to the first job it woke."""
    chance = going.stage.chance(f"{going.name} {len(going.asked)}")
    going.ask(part)
    time.sleep(chance.uniform(0, 0.5))
    going.stage.redis.kill()
    going.ask(part)
    time.sleep(chance.uniform(0, 3))
    going.stage.redis.start()
    tasks.bell = tasks.Bell()  # another web process, which never knew that the broker was away
    known, began = Attempt.objects.count(), time.monotonic()
    going.ask(part)
    wait_until(lambda: Attempt.objects.count() > known, "a job that was rung for")
    return time.monotonic() - began


def _listed(waits: list[float]) -> str:
    return "each " + ", ".join(f"{wait:.1f}" for wait in waits) + " s"
