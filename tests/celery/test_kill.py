"""kill -9 and SIGSTOP: leases run out, somebody else does the work, and nothing is written twice."""

from __future__ import annotations

import random
import signal
import time

import pytest
from django.db import connection

from demo_store.catalogue.models import Product
from shop_ai import jobs
from shop_ai.models import Attempt, Job, Lane, State
from tests.celery.harness import all_ended, check, check_written_once, counts, slow, wait_until

LEASE = 1.0
DEAD_BACKEND = 70


def done():
    return Job.objects.filter(state=State.SUCCEEDED).count()


@pytest.mark.long
def test_two_hundred_jobs_survive_twenty_kills(redis, start, products):
    """Twenty on PostgreSQL; SQLite, which carries one worker and a few kills, shows the same with less."""
    kills, number = (20, 200) if connection.vendor == "postgresql" else (5, 50)
    chance = random.Random(20)
    rows = products(number)
    jobs.enqueue("describe_product", rows, lane=Lane.BULK)
    echo = slow(0.3, room=4)

    for _ in range(kills):
        worker, before = start(redis, LM=echo), done()
        wait_until(lambda before=before: done() > before + 3 or all_ended(), "some progress")
        time.sleep(chance.uniform(0, 0.3))
        worker.kill()
    start(redis, LM=echo)
    wait_until(all_ended, "the jobs")

    assert counts() == {"succeeded": number}
    assert Attempt.objects.filter(outcome="lost").exists()
    check(number)
    check_written_once(rows)


def test_a_worker_that_was_stopped_for_two_leases_writes_nothing(redis, start, products):
    """The second worker comes only when the first is stopped: what runs is held by nobody else."""
    slower, rows = start(redis, LM=slow(3.0)), products(32)

    for n in range(0, 32, 8):
        jobs.enqueue("describe_product", list(rows)[n : n + 8])
        wait_until(lambda: Job.objects.filter(state=State.RUNNING).exists(), "a running job")
        slower.freeze()
        assert set(Job.objects.values_list("lease_owner", flat=True).exclude(lease_owner=None)) == {
            slower.boot.pk
        }
        other = start(redis)
        time.sleep(2 * LEASE)
        slower.send(signal.SIGCONT)
        wait_until(all_ended, "the jobs")
        assert other.stop() == 0

    assert Attempt.objects.filter(outcome="lost").exists()
    check(32)
    check_written_once(Product.objects.all())
    assert slower.process.poll() is None
    assert not Job.objects.exclude(state=State.SUCCEEDED).exists()


def test_a_worker_for_upkeep_alone_brings_back_what_a_dead_one_held(folder, start, products):
    worker = start(folder, LM=slow(3600))
    jobs.enqueue("describe_product", products(4))
    wait_until(lambda: counts() == {"running": 4}, "running jobs")
    worker.kill()

    start(folder, ready=False, queues="shop_ai.upkeep")

    wait_until(lambda: counts() == {"queued": 4}, "the leases to run out")
    assert set(Job.objects.values_list("worker_lost", flat=True)) == {1}


def test_a_worker_whose_language_model_is_dead_ends_and_loses_no_job(folder, start, products):
    """As after a CUDA error, which no process survives."""
    dead = {"BACKEND": "shop_ai.lm.echo.EchoBackend", "OPTIONS": {"fail": {"": "DeadBackend"}}}
    jobs.enqueue("describe_product", products(4))

    worker = start(folder, ready=False, LM=dead)

    assert worker.wait() == DEAD_BACKEND, worker.text
    assert "will not answer any more" in worker.text
    assert set(Job.objects.values_list("state", "worker_lost")) <= {("running", 0), ("queued", 1)}
    start(folder)
    wait_until(all_ended, "the jobs")
    assert counts() == {"succeeded": 4}
    check(4)
