"""The row itself: its key, its clock, and what nobody may do to it."""

from __future__ import annotations

import uuid
from datetime import UTC

import pytest
from django.db import IntegrityError, connection, transaction

from shop_ai import jobs
from shop_ai.exceptions import Refused
from shop_ai.models import Attempt, Batch, Job, Pause, State, Suggestion, SweepMark, WorkerBoot, moves
from shop_ai.models.clock import now
from shop_ai.models.idempotency import IdempotencyKey
from shop_ai.models.job import database, uuid7
from tests.shop import Hand, product


def test_uuid7_is_of_version_seven():
    key = uuid7()

    assert key.version == 7
    assert key.variant == uuid.RFC_4122


def test_uuid7_grows_with_time(monkeypatch):
    monkeypatch.setattr("time.time_ns", lambda: 1_700_000_000_000_000_000)
    first = uuid7()
    monkeypatch.setattr("time.time_ns", lambda: 1_700_000_000_001_000_000)
    second = uuid7()

    assert first < second
    assert first.int >> 80 == 1_700_000_000_000


def test_uuid7_never_repeats():
    assert len({uuid7() for _ in range(5000)}) == 5000


@pytest.mark.django_db
def test_the_clock_is_the_databases_and_aware():
    first, second = now(database()), now(database())

    assert first.tzinfo is not None and first.utcoffset() == UTC.utcoffset(None)
    assert first <= second


@pytest.mark.django_db
def test_a_stored_job_is_changed_by_moves_only(shop):
    jobs.enqueue("write_text", product())
    job = Job.objects.get()

    with pytest.raises(Refused, match="moves"):
        job.save()


@pytest.mark.django_db
def test_a_live_job_is_not_deleted_and_an_ended_one_is(shop):
    jobs.enqueue("write_text", product())
    job = Job.objects.get()
    with pytest.raises(Refused, match="cancel it first"):
        job.delete()
    jobs.cancel(Job.objects.all())

    Job.objects.get().delete()

    assert not Job.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [{"state": State.RUNNING}, {"state": State.DEAD}, {"queue_key": None}, {"lease_owner": uuid.uuid4()}],
)
def test_the_database_refuses_a_state_that_does_not_fit_its_keys(shop, change):
    jobs.enqueue("write_text", product())

    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.update(**change)


@pytest.mark.django_db
def test_seconds_are_those_of_the_last_attempt(shop):
    jobs.enqueue("write_text", product())
    job = Job.objects.get()
    before = (job.seconds, job.is_live)
    hand = Hand()
    hand.finish(hand.one(), text="Fine.")
    job = Job.objects.get()

    assert before == (None, True)
    assert job.seconds is not None and job.seconds >= 0
    assert not job.is_live


@pytest.mark.django_db
def test_every_row_says_what_it_is(shop, django_user_model):
    row = product()
    jobs.enqueue("write_text", row)
    hand = Hand()
    job = hand.one()
    hand.finish(job, text="Fine.")
    user = django_user_model.objects.create(username="u")
    boot = WorkerBoot(id=uuid.uuid4(), host="h", pid=7, state="ready")

    said = [str(Job.objects.get()), str(Suggestion.objects.get()), str(Attempt.objects.get())]

    assert said[0] == f"write_text catalogue.product {row.pk}"
    assert said[1] == f"write_text catalogue.product {row.pk}: applied"
    assert said[2] == f"{job.pk} #1"
    assert str(boot) == "h:7"
    assert str(Batch(skill="write_text", chosen=3)) == "write_text × 3"
    assert str(SweepMark(skill="a", top="7")) == "a: 7"
    assert str(IdempotencyKey(user=user, key="k")) == "k"
    assert [str(Pause()), str(Pause(skill="a", lane="bulk"))] == ["everything", "a / Bulk"]


@pytest.mark.django_db
def test_a_batch_counts_its_jobs_by_state(shop):
    batch = Batch.objects.create(skill="write_text", chosen=2)
    jobs.enqueue("write_text", [product(), product()], batch=batch)
    job = Hand().one()
    moves.fail(job, kind="x", public="x", retryable=False)

    counts = batch.counts()

    assert (counts["queued"], counts["dead"], counts["succeeded"], batch.live()) == (1, 1, 0, True)
    jobs.cancel(Job.objects.all())
    assert not batch.live()


@pytest.mark.django_db
def test_only_workers_that_were_seen_and_still_work_are_alive():
    from datetime import timedelta

    at = now(database())
    for state, ago in (("ready", 1), ("ready", 60), ("stopped", 1), ("refused", 1), ("loading", 1)):
        WorkerBoot.objects.create(
            id=uuid.uuid4(), host="h", pid=1, state=state, started_at=at, seen_at=at - timedelta(seconds=ago)
        )

    assert sorted(WorkerBoot.alive().values_list("state", flat=True)) == ["loading", "ready"]


@pytest.mark.django_db
def test_reaping_and_claiming_use_their_partial_indexes(shop):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL prefers to read small tables whole")

    claim = Job.objects.filter(moves.guard("claim"), lane="bulk").order_by("rank", "id").explain()
    reap = Job.objects.filter(moves.guard("reap_unwanted")).explain()

    assert "shop_ai_job_claim" in claim
    assert "shop_ai_job_reap" in reap
