"""What all scenarios of a run share: servers of their own, the seed, how large it is, where the logs are."""

from __future__ import annotations

import json
import logging
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests import services
from tests.chaos.plan import Fault, chance, plan

OWN = ("TEST_POSTGRES_URL", "TEST_REDIS_URL")
"""Servers that belong to somebody else are not for killing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    redis: services.Redis
    postgres: services.Postgres | None
    """None where the database must not be restarted."""
    logs: Path
    seed: int
    long: bool = False
    share: float = 1.0
    """Of the jobs and faults of the form that was asked for."""

    @property
    def lease(self) -> float:
        return 30.0 if self.long else 1.0

    def size(self, short: int, long: int) -> int:
        return max(1, round((long if self.long else short) * self.share))

    def chance(self, name: str) -> random.Random:
        return chance(self.seed, name)

    def plan(self, name: str, **counts: int) -> tuple[Fault, ...]:
        return plan(self.seed, name, **counts)

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Ours, for workers and for those who ask: the times are in the proportions that we ship."""
        from tests.celery.ai import AI

        times = {"LEASE": self.lease, "IDLE_LOOK": self.lease / 6, "STALL": max(30.0, 2 * self.lease)}
        return {**AI, **times, **changes}

    def echo(self, seconds: float, room: int) -> dict[str, Any]:
        """A language model that takes so long for each roomful, and in the long form takes more of them."""
        options = {"latency": seconds, "room": 16 * room if self.long else room}
        return {"BACKEND": "shop_ai.lm.echo.EchoBackend", "OPTIONS": options}


@contextmanager
def staged(logs: Path, **form: Any) -> Iterator[Stage]:
    """Start the servers and set Django up on them."""
    for name in OWN:
        os.environ.pop(name, None)
    with TemporaryDirectory() as var, services.postgres() as postgres, services.redis() as redis:
        given = {
            "database": postgres.database,
            "shop_ai": {},
            "broker": redis.url,
            "transport_options": {},
        }
        os.environ.update(
            postgres.environment(),
            SHOP_VAR=var,
            SHOP_DEBUG="0",
            SHOP_SECRET_KEY="chaos-has-no-secret",
            SHOP_TEST=json.dumps(given),
            DJANGO_SETTINGS_MODULE="tests.celery.settings",
        )
        logging.getLogger("shop_ai.tasks").setLevel(logging.ERROR)  # that the broker is away is known here
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        yield Stage(redis=redis, postgres=postgres, logs=logs, **form)
