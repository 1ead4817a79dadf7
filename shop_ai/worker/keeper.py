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
from shop_ai.worker.sessions import KEEPER
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
        self._renewed_at = self._ticked_at = self._awake_since = time.monotonic()
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(self.every):
            try:
                self.tick()
            except (DatabaseError, InterfaceError):
                connections.close_all()
                self._count_failure()
            except Exception:
                log.exception("Renewing the leases failed; it is tried again.")
                self._count_failure()
        connections.close_all()

    def finish(self) -> None:
        self._ended.set()

    def tick(self) -> None:
        worker, settings = self.worker, config()
        self._notice_sleep()
        WorkerBoot.objects.filter(pk=worker.id).update(seen_at=Now())
        silent_since = worker.silent_since()
        if silent_since and time.monotonic() - max(silent_since, self._awake_since) > settings.STALL:
            log.critical(
                "The language model has made no progress for %s s; this worker ends.", settings.STALL
            )
            moves.surrender(worker.id)
            self.die(EXIT_HANG)
            return
        worker.renew()
        self._renewed_at = time.monotonic()

    def _notice_sleep(self) -> None:
        """A process that was stopped for a while must not take its own sleep for a hang of the model."""
        now = time.monotonic()
        if now - self._ticked_at > 2 * self.every + 1:
            self._awake_since = now
        self._ticked_at = now

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
        super().__init__(name=KEEPER, daemon=True)
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
            _hurry()
            reaped, expired = moves.reap(), moves.expire()
            if reaped or expired:
                log.warning("%s jobs of lost workers reaped, %s expired.", reaped, expired)
            if time.monotonic() - self._swept_at >= config().SWEEP_EVERY:
                self._swept_at = time.monotonic()
                sweep()


def _hurry() -> None:
    """Wait no longer than this for a lock: who mends the queue must not stand behind one of its jobs."""
    connection = connections[database()]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")


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
