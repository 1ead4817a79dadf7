"""What a save costs while the broker is there, away (a closed port), or silent (accepts, never answers)."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from tests.benchmarks.machines import servers
from tests.benchmarks.report import Figure

SAVES = 50


def run() -> list[Figure]:
    with servers() as environment, silent_port() as silent:
        os.environ.update(environment, SHOP_LM="shop_ai.lm.echo.EchoBackend")
        import django

        django.setup()
        from tests.benchmarks.click import fill

        fill(1)
        unrung = median(_saves(None))
        there = median(_saves(environment["SHOP_BROKER"])) - unrung
        away = _saves(f"redis://127.0.0.1:{closed_port()}/0", forgetful=True)
        with_silent = _saves(f"redis://127.0.0.1:{silent}/0")
    told = f"{SAVES} saves that queue a job each; without a ring the median save takes {1000 * unrung:.0f} ms"
    waited = sum(seconds > unrung + 0.5 for seconds in with_silent)
    return [
        Figure(name="ring.healthy", value=there, unit="s", detail=f"what a ring adds; {told}"),
        Figure(
            name="ring.closed_port",
            value=median(away) - unrung,
            unit="s",
            target="≤ 0.1",
            detail=f"what it adds when every save tries to ring; to the slowest {max(away) - unrung:.2f} s",
        ),
        Figure(
            name="ring.half_open",
            value=max(with_silent) - unrung,
            unit="s",
            target="≤ 2.2",
            detail=f"what it adds to the slowest save; {waited} of {SAVES} waited",
        ),
    ]


def _saves(broker: str | None, *, forgetful: bool = False) -> list[float]:
    """Seconds of each save: a transaction that stores a product and queues a job, and the ring behind it.

    Without a broker there is no ring; a forgetful bell tries again each time instead of waiting ten seconds.
    """
    from celery import current_app
    from django.db import transaction

    from demo_store.catalogue.models import Product
    from shop_ai import jobs, tasks
    from shop_ai.models import Job

    current_app.conf.broker_url = broker
    tasks.bell = tasks.Bell()
    if broker is None:
        tasks.bell._silent_until = float("inf")
    product = Product.objects.get()
    found = []
    for _ in range(SAVES):
        Job.objects.all().delete()
        if forgetful:
            tasks.bell = tasks.Bell()
        started = time.monotonic()
        with transaction.atomic():
            product.save()
            jobs.enqueue("describe_product", product)
        found.append(time.monotonic() - started)
    return found


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield int(server.getsockname()[1])
