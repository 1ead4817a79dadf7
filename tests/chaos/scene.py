"""One scenario while it runs: its products, its workers, what was done to them, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection
from django.test.utils import override_settings
from redis import Redis

from demo_store.catalogue.models import Product
from shop_ai import jobs, tasks
from shop_ai.conf import config
from shop_ai.models import Lane
from tests.benchmarks.report import Figure
from tests.celery.goods import cups
from tests.celery.harness import QUEUES, CeleryWorker
from tests.chaos import ledger
from tests.chaos.crew import Crew, Worker
from tests.chaos.plan import Fault
from tests.chaos.stage import Stage
from tests.models.invariants import Watch

PEOPLES = ("long_text", "title", "updated_at")
"""Columns of a product that may change while it is written about."""
LOOK = 20
"""A look at every ended job is due after so many times as long as the last one took."""


class Scene:
    """`keys` are those of its products; each is asked about once."""

    def __init__(self, stage: Stage, name: str, keys: Sequence[Any], crew: Crew) -> None:
        self.stage, self.name, self.keys, self.crew = stage, name, keys, crew
        self.lease = config().LEASE
        self.asked: set[str] = set()
        self.typed: set[str] = set()
        """Products whose text a person wrote."""
        self.held: list[int] = []
        """Attempts of workers at the moment they were stopped."""
        self.planned = 0
        self.struck: list[Fault] = []
        self.due: list[tuple[float, Callable[[], object]]] = []
        self.ended = 0
        self.began = self.moved_at = self._look_at = time.monotonic()
        self._moved: list[str] = []
        self._watch = Watch()
        self._watch.rows(Product.objects.all(), written=PEOPLES)

    # -- while it runs -------------------------------------------------------------------------

    def ask(self, number: int | None = None) -> None:
        """Ask about the next products, or about all that are left."""
        begin = len(self.asked)
        some = self.keys[begin : None if number is None else begin + number]
        jobs.enqueue("describe_product", Product.objects.filter(pk__in=some), lane=Lane.BULK)
        self.asked.update(map(str, some))

    def later(self, seconds: float, do: Callable[[], object]) -> None:
        self.due.append((time.monotonic() + seconds, do))

    def tick(self) -> None:
        """Do what is due, see how far it is, and now and then that no ended job has moved."""
        for entry in [entry for entry in self.due if entry[0] <= time.monotonic()]:
            self.due.remove(entry)
            entry[1]()
        ended = self.count()
        if ended != self.ended:
            self.ended, self.moved_at = ended, time.monotonic()
        if time.monotonic() >= self._look_at:
            began = time.monotonic()
            self._moved += self._watch.moved()
            self._look_at = time.monotonic() + 1 + LOOK * (time.monotonic() - began)

    def count(self) -> int:
        """Requests that have come to their end."""
        return len(self.asked) - ledger.live()

    @property
    def over(self) -> bool:
        return self.ended == len(self.keys)

    # -- what came of it -----------------------------------------------------------------------

    def figures(self, **counted: int) -> list[Figure]:
        """What holds after every scenario; `counted` are more numbers that must be 0."""
        broken = [*self._moved, *self._watch.violations(settled=True, edited=self._edited())]
        zeros = {"lost": ledger.lost(self.asked), "written_twice": ledger.written_twice(), **counted}
        details = {"lost": told(ledger.states()), "written_twice": told(ledger.outcomes(), "attempts")}
        return [
            *(self.zero(name, number, details.get(name, "")) for name, number in zeros.items()),
            self.zero("violations", len(broken), "; ".join(broken[:3]) or "I1 to I7"),
            *self.course(),
        ]

    def course(self) -> list[Figure]:
        """How it went."""
        detail = f"seed {self.stage.seed}, {len(self.keys)} jobs, lease {self.lease:g} s"
        struck = self.figure("faults", len(self.struck), target=f"= {self.planned}")
        seconds = self.figure("seconds", self.moved_at - self.began, unit="s", detail=detail)
        return [struck, seconds] if self.planned else [seconds]

    def zero(self, name: str, number: int, detail: str = "") -> Figure:
        return self.figure(name, number, target="= 0", detail=detail)

    def figure(
        self, name: str, value: float, *, unit: str = "", target: str = "", detail: str = ""
    ) -> Figure:
        return Figure(name=f"{self.name}.{name}", value=value, unit=unit, target=target, detail=detail)

    def _edited(self) -> set[tuple[str, str]]:
        return {(Product._meta.label_lower, key) for key in self.typed}


def told(counted: Mapping[str, int], what: str = "jobs") -> str:
    return f"{what}: " + ", ".join(f"{number} {name or 'open'}" for name, number in sorted(counted.items()))


@contextmanager
def scene(
    stage: Stage,
    name: str,
    *,
    products: int,
    workers: int = 2,
    arm: Callable[[], dict[str, str]] = dict,
    **settings: Any,
) -> Iterator[Scene]:
    """Empty tables and broker, that many products, and workers that are gone when it is over."""
    ours = stage.settings(**settings)

    def hire(number: int) -> Worker:
        return CeleryWorker(stage.redis, log_of(stage, name, number), shop_ai=ours, queues=QUEUES)

    with override_settings(SHOP_AI=ours):
        clear(stage)
        keys = list(cups(products).order_by("pk").values_list("pk", flat=True))
        crew = Crew(hire, arm)
        try:
            crew.start(workers)
            yield Scene(stage, name, keys, crew)
        finally:
            crew.close()


def log_of(stage: Stage, name: str, number: int) -> Path:
    """An empty file for what that worker says."""
    path = stage.logs / f"{name}-{number}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return path


def clear(stage: Stage) -> None:
    """Nothing of an earlier scenario is left."""
    if stage.redis.process is None:
        stage.redis.start()
    with Redis.from_url(stage.redis.url) as client:
        client.flushall()
    tasks.bell = tasks.Bell()
    models = [model for app in ("catalogue", "shop_ai") for model in apps.get_app_config(app).get_models()]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(model._meta.db_table for model in models)} CASCADE")
