"""SIGTERM, SIGQUIT: what runs is finished or given back uncharged, and nothing stays held."""

from __future__ import annotations

import signal
import time

import pytest

from demo_store.catalogue.models import Product
from shop_ai import jobs
from shop_ai.models import Attempt, Job, State, WorkerBoot
from tests.celery.harness import all_ended, check, check_written_once, counts, slow, wait_until

both = pytest.mark.parametrize("broker", ["folder", "redis"], indirect=True)


def enqueue_and_wait_for_running(rows):
    jobs.enqueue("describe_product", rows)
    wait_until(lambda: Job.objects.filter(state=State.RUNNING).exists(), "a running job")


def nothing_was_charged():
    return (
        not Job.objects.filter(charged__gt=0).exists() and not Job.objects.filter(worker_lost__gt=0).exists()
    )


@both
def test_sigterm_finishes_what_runs_and_takes_nothing_new(broker, start, products):
    worker = start(broker, LM=slow(0.5, room=4))
    enqueue_and_wait_for_running(products(40))

    code = worker.stop()

    assert code == 0
    assert set(counts()) <= {"succeeded", "queued"}
    assert counts()["queued"] > 0
    assert nothing_was_charged()
    assert worker.boot.state == "stopped"


@both
def test_sigterm_gives_back_what_does_not_end_within_the_grace(broker, start, products):
    worker = start(broker, LM=slow(3600, room=4), GRACE=0.2)
    enqueue_and_wait_for_running(products(8))

    code = worker.stop()

    assert code == 0
    assert counts() == {"queued": 8}
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {"released"}
    assert nothing_was_charged()


def test_a_second_sigterm_does_not_lengthen_the_grace(folder, start, products):
    worker = start(folder, LM=slow(3600), GRACE=1.0)
    enqueue_and_wait_for_running(products(2))

    for _ in range(10):
        worker.send(signal.SIGTERM)
        time.sleep(0.05)

    assert worker.wait() == 0
    assert counts() == {"queued": 2}


def test_sigquit_gives_back_at_once(redis, start, products):
    worker = start(redis, LM=slow(3600), GRACE=3600.0)
    enqueue_and_wait_for_running(products(4))

    worker.stop(signal.SIGQUIT)

    assert counts() == {"queued": 4}
    assert nothing_was_charged()


def test_the_next_worker_goes_on_where_the_last_was_stopped(redis, start, products):
    first = start(redis, LM=slow(0.3, room=4))
    enqueue_and_wait_for_running(products(20))
    assert first.stop() == 0

    start(redis)

    wait_until(all_ended, "the jobs")
    check(20)
    check_written_once(Product.objects.all())


def test_sigterm_while_the_broker_is_away(redis, start, products):
    worker = start(redis, LM=slow(0.5, room=4))
    enqueue_and_wait_for_running(products(8))
    redis.kill()

    assert worker.stop() == 0

    assert set(counts()) <= {"succeeded", "queued"}
    assert nothing_was_charged()


def test_sigterm_while_the_language_model_loads(folder, start, products):
    jobs.enqueue("describe_product", products(2))
    worker = start(folder, ready=False, LM={"BACKEND": "tests.celery.store.SlowToOpen"})
    wait_until(lambda: WorkerBoot.objects.filter(state="loading").exists(), "the load")

    assert worker.stop() == 0

    assert counts() == {"queued": 2}
