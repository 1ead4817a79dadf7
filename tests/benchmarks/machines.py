"""The servers and worker processes of a benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import services

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 1800.0


@contextmanager
def servers() -> Iterator[dict[str, str]]:
    """PostgreSQL and Redis of our own; the environment that points the demo store at them."""
    with TemporaryDirectory() as var, services.postgres() as postgres, services.redis() as redis:
        yield {
            **postgres.environment(),
            "SHOP_DB": "postgres",
            "SHOP_BROKER": redis.url,
            "SHOP_VAR": var,
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
        }


@contextmanager
def celery(
    app: str, *options: str, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker process of `app`, ended at the end."""
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "--loglevel=warning", *options]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(environment or {})})
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def wait_until(true: Callable[[], object], process: subprocess.Popen[bytes] | None = None) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"The worker ended with {process.returncode}.")
        if time.monotonic() > until:
            raise TimeoutError("The benchmark does not come to an end.")
        time.sleep(0.5)  # looked at more often, it would take part of the cores
