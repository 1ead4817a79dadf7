"""A ring wakes the worker; a lost, doubled or impossible ring costs time at most, never a job."""

from __future__ import annotations

import pytest

from demo_store.catalogue.models import Product
from shop_ai import jobs, tasks
from shop_ai.models import Job, Lane, WorkerBoot
from tests.celery.harness import all_ended, check, check_written_once, wait_until

NEVER = 3600.0
both = pytest.mark.parametrize("broker", ["folder", "redis"], indirect=True)


@both
@pytest.mark.parametrize("lane", Lane.values)
def test_ring_wakes_a_worker_that_would_not_look_by_itself(broker, start, products, lane):
    start(broker, IDLE_LOOK=NEVER)

    jobs.enqueue("describe_product", products(5), lane=lane)

    wait_until(all_ended, "the jobs")
    check(5)
    check_written_once(Product.objects.all())


def test_worker_finds_jobs_while_the_broker_is_away(redis, start, products):
    worker = start(redis)
    redis.kill()

    jobs.enqueue("describe_product", products(5))

    wait_until(all_ended, "the jobs")
    assert tasks.bell.failed == 1
    check(5)
    assert worker.stop() == 0


def test_worker_started_without_a_broker_works(redis, start, products):
    redis.kill()
    worker = start(redis)

    jobs.enqueue("describe_product", products(5))

    wait_until(all_ended, "the jobs")
    check(5)
    assert worker.stop() == 0


def test_rings_work_again_when_the_broker_is_back(redis, start, products):
    worker = start(redis, IDLE_LOOK=NEVER)
    wait_until(lambda: " ready." in worker.text, "Celery")
    redis.kill()
    wait_until(lambda: "Cannot connect to" in worker.text, "the worker to miss its broker")
    redis.start()

    jobs.enqueue("describe_product", products(5))

    wait_until(all_ended, "the jobs")


@both
def test_a_hundred_rings_do_no_harm(broker, start, products):
    start(broker)

    for _ in range(50):
        tasks.ring(Lane.BULK)
    jobs.enqueue("describe_product", products(20), lane=Lane.BULK)
    for _ in range(50):
        tasks.ring(Lane.BULK)

    wait_until(all_ended, "the jobs")
    check(20)
    check_written_once(Product.objects.all())


def test_worker_of_one_lane_leaves_the_other(folder, start, products):
    start(folder, queues="shop_ai.interactive")
    rows = list(products(4))

    jobs.enqueue("describe_product", rows[:2], lane=Lane.BULK)
    jobs.enqueue("describe_product", rows[2:], lane=Lane.INTERACTIVE)

    wait_until(lambda: _states(Lane.INTERACTIVE) == {"succeeded"}, "its own lane")
    assert _states(Lane.BULK) == {"queued"}


def test_worker_of_other_queues_stays_as_it_is(folder, start):
    worker = start(folder, ready=False, queues="mails")
    wait_until(lambda: " ready." in worker.text, "Celery")

    assert worker.stop() == 0

    assert not WorkerBoot.objects.exists()


def _states(lane):
    return set(Job.objects.filter(lane=lane).values_list("state", flat=True))
