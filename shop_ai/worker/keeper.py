"""The two threads beside the loop: one renews leases, one reaps and sweeps for everybody."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, InterfaceError, connections
from django.db.models.functions import Now

from shop_ai.conf import config
from shop_ai.models import WorkerBoot, moves
from shop_ai.models.job import database
from shop_ai.worker.loop import Worker
from shop_ai.worker.sweep import sweep

log = logging.getLogger("shop_ai.worker")

EXIT_DEAD_BACKEND = 70
EXIT_HANG = 71
LOCK = 0x5A0B_A1
"""Number of the advisory lock that lets one reaper work at a time."""


class Renewer(threading.Thread):
    """Renews leases and reads cancellations, only while the language model makes progress."""

    def __init__(self, worker: Worker, die: Callable[[int], Any] = os._exit) -> None:
        super().__init__(name="shop_ai-renewer", daemon=True)
        self.worker = worker
        self.die = die
        self.every = min(2.0, config().LEASE / 4)
        self._renewed_at = time.monotonic()
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(self.every):
            try:
                self.tick()
            except (DatabaseError, InterfaceError):
                connections.close_all()
                self._count_failure()
        connections.close_all()

    def finish(self) -> None:
        self._ended.set()

    def tick(self) -> None:
        worker, settings = self.worker, config()
        WorkerBoot.objects.filter(pk=worker.id).update(seen_at=Now())
        runs = dict(worker.runs)
        if not runs:
            self._renewed_at = time.monotonic()
            return
        if time.monotonic() - self._last_progress(runs) > settings.STALL:
            log.critical(
                "The language model has made no progress for %s s; this worker ends.", settings.STALL
            )
            moves.surrender(worker.id)
            self.die(EXIT_HANG)
            return
        held = moves.renew(worker.id, runs)
        self._renewed_at = time.monotonic()
        for pk, run in runs.items():
            attempt, unwanted = held.get(pk, (0, False))
            run.lost = attempt != run.job.attempt
            run.unwanted = unwanted
            if run.lost or unwanted:
                worker.ring()

    def _last_progress(self, runs: dict[Any, Any]) -> float:
        """The backend's last sign of life, or the last submission where that came later."""
        submitted: float = max(run.submitted_at for run in runs.values())
        return max(self.worker.backend.progressed_at, submitted)

    def _count_failure(self) -> None:
        """Leases that could not be renewed in time are somebody else's: forget what runs."""
        lease = config().LEASE
        if time.monotonic() - self._renewed_at > lease - min(5.0, lease / 4):
            for run in dict(self.worker.runs).values():
                run.lost = True
            self.worker.ring()


class Keeper(threading.Thread):
    """Reaps expired leases, ends what is overdue, sweeps: a plain thread, not a job in the queue it mends."""

    def __init__(self) -> None:
        super().__init__(name="shop_ai-keeper", daemon=True)
        self.every = min(10.0, config().LEASE / 3)
        self._ended = threading.Event()
        self._swept_at = 0.0

    def run(self) -> None:
        while not self._ended.wait(self.every):
            try:
                self.tick()
            except (DatabaseError, InterfaceError):
                log.warning("The keeper could not reach the database.", exc_info=True)
                connections.close_all()
            except Exception:
                log.exception("The keeper stumbled; it goes on.")
        connections.close_all()

    def finish(self) -> None:
        self._ended.set()

    def tick(self) -> None:
        with alone() as ours:
            if not ours:
                return
            reaped, expired = moves.reap(), moves.expire()
            if reaped or expired:
                log.warning("%s jobs of lost workers reaped, %s expired.", reaped, expired)
            if time.monotonic() - self._swept_at >= config().SWEEP_EVERY:
                self._swept_at = time.monotonic()
                sweep()


@contextmanager
def alone() -> Iterator[bool]:
    """Whether this process is the one that reaps now. SQLite has one worker and needs no lock."""
    connection = connections[database()]
    if connection.vendor != "postgresql":
        yield True
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        (ours,) = cursor.fetchone()
        try:
            yield ours
        finally:
            if ours:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def register(worker: Worker, state: str, **detail: Any) -> None:
    """Say in the table that this worker is there, and how it is."""
    WorkerBoot.objects.update_or_create(
        pk=worker.id,
        defaults={"state": state, "detail": detail, "seen_at": Now()},
        create_defaults={
            "host": socket.gethostname()[:128],
            "pid": os.getpid(),
            "lanes": list(worker.lanes),
            "state": state,
            "detail": detail,
            "started_at": Now(),
            "seen_at": Now(),
        },
    )
