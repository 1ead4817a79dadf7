"""A worker whose language model has a process of its own: they end together, and no job is lost."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from shop_ai import jobs
from tests.celery.harness import all_ended, check, counts, wait_until
from tests.lm import tiny
from tests.lm.test_apart import gone

DEAD_BACKEND = 70


@pytest.fixture
def own(tmp_path):
    """Settings of such a worker, with a tiny checkpoint."""
    tiny.build(tmp_path / "checkpoints" / "tiny")
    options = {"device": "cpu", "process": "own"}
    local = {"BACKEND": "shop_ai.lm.local.LocalBackend", "CHECKPOINT": "tiny", "OPTIONS": options}
    return {"LM": local, "CHECKPOINTS": str(tmp_path / "checkpoints")}


def child_of(worker):
    pid = worker.process.pid
    children = Path(f"/proc/{pid}/task").glob("*/children")
    found = [int(child) for some in children for child in some.read_text().split()]
    return next(
        one for one in found if b"shop_ai.lm.local.serving" in Path(f"/proc/{one}/cmdline").read_bytes()
    )


def test_it_does_the_work_and_ends_with_the_worker(folder, start, products, own):
    worker = start(folder, **own)
    child = child_of(worker)
    jobs.enqueue("describe_product", products(3))
    wait_until(all_ended, "the jobs")

    assert worker.stop() == 0, worker.text
    assert gone(child)
    check(3)


def test_when_it_dies_the_worker_ends_and_loses_no_job(folder, start, products, own):
    worker = start(folder, **own)
    os.kill(child_of(worker), signal.SIGKILL)
    jobs.enqueue("describe_product", products(4))

    assert worker.wait() == DEAD_BACKEND, worker.text
    assert "The process of the language model ended (killed by signal 9)." in worker.text
    start(folder)
    wait_until(all_ended, "the jobs")
    assert counts() == {"succeeded": 4}


def test_a_killed_worker_takes_it_along(folder, start, own):
    worker = start(folder, **own)
    child = child_of(worker)

    worker.kill()

    wait_until(lambda: gone(child), "the process of the language model to end")
