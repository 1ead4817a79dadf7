"""The door: what it passes on, whom it rings, what it refuses."""

from __future__ import annotations

import threading

import pytest
from django.db import connections, transaction

from shop_ai import jobs, tasks
from shop_ai.exceptions import Refused
from shop_ai.models import Job, Lane, State, moves
from tests.shop import Hand, product

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(monkeypatch, shop):
    lanes: list[str] = []
    monkeypatch.setattr(tasks.bell, "ring", lanes.append)
    return lanes


def test_the_bell_rings_on_commit(rung, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        jobs.enqueue("write_text", product(), lane=Lane.BULK)
        before = list(rung)

    assert (before, rung) == ([], ["bulk"])


def test_a_rolled_back_request_rings_nobody(rung, django_capture_on_commit_callbacks):
    """F11."""
    with (
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(ZeroDivisionError),
        transaction.atomic(),
    ):
        jobs.enqueue("write_text", product())
        _ = 1 / 0

    assert rung == []


def test_a_bell_that_breaks_disturbs_nobody(monkeypatch, shop, django_capture_on_commit_callbacks):
    def broken(lane):
        raise RuntimeError("no broker")

    monkeypatch.setattr(tasks, "ring", broken)

    with django_capture_on_commit_callbacks(execute=True):
        jobs.enqueue("write_text", product())

    assert Job.objects.count() == 1


def test_a_job_whose_ring_was_lost_is_claimed_by_looking(shop):
    """F10: a crash between commit and ring leaves a queued row, and that is all a worker needs."""
    jobs.enqueue("write_text", product())  # no callback of on_commit runs in this test

    assert Hand().one().state == State.RUNNING


def test_retry_makes_a_new_job_and_leaves_the_old(rung, django_user_model):
    user = django_user_model.objects.create(username="u")
    jobs.enqueue("write_text", product(), params={"style": "warm"})
    old = Hand().one()
    moves.fail(old, kind="x", public="x", retryable=False)
    old.refresh_from_db()

    new = jobs.retry(old, by=user)

    assert (new.retry_of, new.params, new.owner, new.twin) == (old, old.params, user, old.twin)
    assert Job.objects.get(pk=old.pk).state == State.DEAD


def test_retry_of_a_live_job_is_refused(shop):
    jobs.enqueue("write_text", product())

    with pytest.raises(Refused, match="not finished"):
        jobs.retry(Job.objects.get())


def test_retry_of_what_waits_again_finds_that_one(shop):
    row = product()
    jobs.enqueue("write_text", row)
    old = Hand().one()
    moves.fail(old, kind="x", public="x", retryable=False)
    old.refresh_from_db()
    first = jobs.retry(old)

    assert jobs.retry(old) == first


@pytest.mark.parametrize("lane", Lane)
def test_a_retry_keeps_its_lane(shop, lane):
    jobs.enqueue("write_text", product(), lane=lane)
    old = Hand().one()
    moves.end(old, State.DEAD)
    old.refresh_from_db()

    assert jobs.retry(old).lane == lane


def test_a_person_who_waits_may_retry_in_the_interactive_lane(shop):
    jobs.enqueue("write_text", product(), lane=Lane.BULK)
    old = Hand().one()
    moves.end(old, State.DEAD)
    old.refresh_from_db()

    assert jobs.retry(old, lane=Lane.INTERACTIVE).lane == Lane.INTERACTIVE


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_quicker_than_retry_does_not_hide_the_new_job(shop, monkeypatch):
    """It may claim the job as soon as it can see it."""
    jobs.enqueue("write_text", product())
    old = Hand().one()
    moves.end(old, State.DEAD)
    old.refresh_from_db()
    claimed = threading.Event()
    inserted = jobs.insert

    def quick() -> None:
        try:
            while not Hand().claim():
                claimed.wait(0.01)
            claimed.set()
        finally:
            connections.close_all()

    worker = threading.Thread(target=quick)

    def insert(*args):
        found = inserted(*args)
        worker.start()
        claimed.wait(1.0)
        return found

    monkeypatch.setattr(jobs, "insert", insert)

    new = jobs.retry(old)

    worker.join()
    assert new.retry_of == old
    assert Job.objects.get(pk=new.pk).state == State.RUNNING


def test_retry_without_its_row_is_refused(shop):
    row = product()
    jobs.enqueue("write_text", row)
    old = Hand().one()
    moves.fail(old, kind="x", public="x", retryable=False)
    row.delete()
    old.refresh_from_db()

    with pytest.raises(Refused, match="no longer there"):
        jobs.retry(old)


def test_a_nested_option_is_named_in_the_refusal(shop):
    with pytest.raises(Refused, match=r"^candidates: "):
        jobs.enqueue("write_text", product(), params={"candidates": 0})
