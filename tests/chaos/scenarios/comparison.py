"""The same kills as in `kills`, of workers that run plain Celery with late acknowledgement."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis import Redis

from demo_store.catalogue.models import Product
from tests.benchmarks.report import Figure
from tests.celery.goods import cups
from tests.celery.harness import CeleryWorker
from tests.chaos import ledger
from tests.chaos.crew import Crew, Worker
from tests.chaos.play import play
from tests.chaos.scene import Scene, clear, log_of
from tests.chaos.stage import Stage

UNACKED = "unacked"
"""Where kombu keeps what was delivered and not acknowledged."""


class PlainWorker(CeleryWorker):
    app = "tests.chaos.plain"

    def awake(self) -> bool:
        return self.ended() is None and " ready." in self.text[self.began :]


class Plain(Scene):
    """Products instead of jobs: one with a text has been answered."""

    def ask(self, number: int | None = None) -> None:
        from tests.chaos.plain import describe

        for key in self.keys:
            describe.delay(key)
        self.asked = set(map(str, self.keys))

    def count(self) -> int:
        return len(self.asked) - Product.objects.filter(long_text="").count()

    @property
    def over(self) -> bool:
        """Only when the broker holds no message any more: one could still come for the second time."""
        if self.ended < len(self.keys):
            return False
        with Redis.from_url(self.stage.redis.url) as client:
            return not client.llen("plain") and not client.hlen(UNACKED)


def run(stage: Stage) -> list[Figure]:
    number, kills = stage.size(200, 50_000), stage.size(20, 100)
    visible = 30.0 if stage.long else 5.0
    os.environ |= {
        "PLAIN_BROKER": stage.redis.url,
        "PLAIN_VISIBILITY": str(visible),
        "PLAIN_SECONDS": "0.005" if stage.long else "0.1",
    }
    clear(stage)
    keys: Sequence[Any] = list(cups(number).order_by("pk").values_list("pk", flat=True))
    crew = Crew(lambda n: _hire(stage, log_of(stage, "comparison", n)))
    try:
        crew.start(2)
        going = Plain(stage, "comparison", keys, crew)
        going.ask()
        play(going, stage.plan("kills", kill=kills), patience=4 * visible + 10)
    finally:
        crew.close()
    told = f"Celery with acks_late, messages visible again after {visible:g} s"
    return [
        going.figure("lost", Product.objects.filter(long_text="").count(), unit="texts", detail=told),
        going.figure("written_twice", ledger.written_twice(), unit="texts"),
        *going.course(),
    ]


def _hire(stage: Stage, log: Path) -> Worker:
    return PlainWorker(stage.redis, log, shop_ai=stage.settings(), queues="plain")
