"""Real Celery workers as processes on the test's own database, and what must be true after them."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from celery import current_app
from django.db import connection
from django.db.models import Count

from shop_ai import tasks
from shop_ai.models import Job, WorkerBoot
from shop_ai.models.job import LIVE
from tests.models.invariants import violations

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120
"""Seconds after which a test gives up; never a measure of anything."""
QUEUES = "shop_ai.interactive,shop_ai.bulk,shop_ai.upkeep"
OPTIONS = ("--pool=solo", "--without-mingle")
"""As `tasks.start_command` has them."""


def wait_until(true, what="it", within=PATIENCE):
    """Look until `true()` gives something, and give that."""
    until = time.monotonic() + within
    while not (found := true()):
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.05)
    return found


def counts():
    """Jobs by state."""
    return dict(Job.objects.order_by().values_list("state").annotate(n=Count("pk")))


def all_ended():
    return not Job.objects.filter(state__in=LIVE).exists()


def slow(seconds, room=32):
    """The echo backend, taking so long for each roomful."""
    return {"BACKEND": "shop_ai.lm.echo.EchoBackend", "OPTIONS": {"latency": seconds, "room": room}}


def options_of(broker):
    return getattr(broker, "transport_options", {})


@contextmanager
def rung(broker):
    """This process rings there."""
    conf = current_app.conf
    before = conf.broker_url, conf.broker_transport_options
    conf.broker_url, conf.broker_transport_options = broker.url, options_of(broker)
    tasks.bell = tasks.Bell()
    yield broker
    conf.broker_url, conf.broker_transport_options = before
    tasks.bell = tasks.Bell()


HELD = """
SELECT EXISTS (
  SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' AND xact_start IS NOT NULL
) OR EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')
"""


def somebody_holds_a_lock():
    """Whether a transaction other than our own is open now."""
    if connection.vendor == "sqlite":
        return _sqlite_is_locked(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(HELD)
        return cursor.fetchone()[0]


def _sqlite_is_locked(path):
    probe = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        probe.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return True
    finally:
        probe.close()
    return False


class CeleryWorker:
    """One worker process; `shop_ai` are settings over those of the suite."""

    app = "demo_store"

    def __init__(self, broker, log, *, shop_ai, queues):
        self.began = 0
        """Length of the log when it was started last."""
        self.broker = broker
        self.log = log
        self.shop_ai = shop_ai
        self.queues = queues
        self.process = None

    def start(self, *, ready=True, **environment):
        given = {
            "database": str(connection.settings_dict["NAME"]),
            "shop_ai": self.shop_ai,
            "broker": self.broker.url,
            "transport_options": options_of(self.broker),
        }
        command = [sys.executable, "-m", "celery", "-A", self.app, "worker", *OPTIONS]
        names = {"DJANGO_SETTINGS_MODULE": "tests.celery.settings", "SHOP_TEST": json.dumps(given)}
        self.began = len(self.text) if self.log.exists() else 0
        with self.log.open("a") as output:
            self.process = subprocess.Popen(
                [*command, "-Q", self.queues, "--loglevel=info"],
                cwd=ROOT,
                env={**os.environ, **names, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        if ready:
            wait_until(self.is_ready, "the worker")
        return self

    @property
    def boot(self):
        """Its row in the table of workers, the newest of this process number."""
        return WorkerBoot.objects.filter(pid=self.process.pid).order_by("-started_at").first()

    def is_ready(self):
        assert self.ended() is None, self.text
        return self.awake()

    def awake(self):
        """Whether it is there and takes jobs."""
        return self.ended() is None and self.boot is not None and self.boot.state == "ready"

    def ended(self):
        """Its exit code, once it has ended."""
        return self.process.poll()

    def send(self, number):
        self.process.send_signal(number)

    def freeze(self):
        """SIGSTOP between two transactions: in the middle of one, its locks would stop the others as well."""
        self.send(signal.SIGSTOP)
        while somebody_holds_a_lock():
            self.send(signal.SIGCONT)
            time.sleep(0.01)
            self.send(signal.SIGSTOP)

    def stop(self, number=signal.SIGTERM):
        """Ask it to end; its exit code."""
        self.send(number)
        return self.wait()

    def kill(self):
        """As the kernel would, out of memory."""
        self.process.kill()
        self.process.wait()

    def wait(self):
        return self.process.wait(PATIENCE)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()

    @property
    def text(self):
        """All it wrote, over every start."""
        return self.log.read_text()


def check(jobs):
    """What must hold after every run, asked of the tables and never of the logs."""
    assert Job.objects.count() == jobs
    assert violations(settled=True) == []


def check_written_once(products):
    """No text was lost, none written twice."""
    assert {text.count("\n") for text in products.values_list("long_text", flat=True)} == {1}
