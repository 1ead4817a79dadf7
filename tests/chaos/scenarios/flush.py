"""Every ring dropped by the broker: FLUSHALL with jobs queued (F5)."""

from __future__ import annotations

import signal
import time

from redis import Redis

from shop_ai.models import Job, State
from tests.benchmarks.report import Figure
from tests.celery.harness import wait_until
from tests.chaos.play import play
from tests.chaos.scene import scene
from tests.chaos.stage import Stage


def run(stage: Stage) -> list[Figure]:
    number, look = stage.size(200, 200), 5.0
    echo = {"BACKEND": "shop_ai.lm.echo.EchoBackend", "OPTIONS": {"room": 4 * number}}
    with scene(stage, "flush", products=number, workers=1, LM=echo, IDLE_LOOK=look, LEASE=30.0) as going:
        wait_until(going.crew.awake, "the worker")
        (worker,) = going.crew.workers
        with Redis.from_url(stage.redis.url) as client:
            worker.send(signal.SIGSTOP)
            client.client_kill_filter(_type="normal", skipme=True)  # nobody is there to take the ring
            going.ask()
            rung = int(client.llen("shop_ai.bulk"))
            client.flushall()
        began = time.monotonic()
        worker.send(signal.SIGCONT)
        wait_until(lambda: not Job.objects.filter(state=State.QUEUED).exists(), "the jobs to be claimed")
        claimed = time.monotonic() - began
        play(going)
        detail = f"{number} jobs, all claimed; an idle look is {look:g} s"
        return [
            going.figure("rings_dropped", rung, target="≥ 1"),
            *going.figures(),
            going.figure("claimed", claimed, unit="s", target="≤ 10", detail=detail),
        ]
