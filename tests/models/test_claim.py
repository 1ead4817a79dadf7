"""Who gets which job: order, caps, slots, isolation, pauses, and two workers at a time."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from shop_ai import jobs
from shop_ai.models import Attempt, Job, Lane, Pause, State, moves
from shop_ai.models.clock import later
from tests.models.invariants import violations
from tests.shop import Hand, pass_time, product, products

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(shop):
    return shop


def queue(count: int, **kwargs):
    rows = products(count)
    for row in rows:
        jobs.enqueue("write_text", row, **kwargs)
    return rows


def test_the_smallest_rank_goes_first():
    rows = queue(3)
    Job.objects.filter(target_id=str(rows[2].pk)).update(rank=later(-60))
    Job.objects.filter(target_id=str(rows[0].pk)).update(rank=later(60))

    taken = Hand().claim(3)

    assert [job.target_id for job in taken] == [str(rows[i].pk) for i in (2, 1, 0)]


def test_a_claim_opens_an_attempt_and_holds_the_row():
    queue(1)
    hand = Hand()

    job = hand.one()

    attempt = Attempt.objects.get()
    assert (job.state, job.attempt, job.lease_owner, job.queue_key) == (State.RUNNING, 1, hand.id, None)
    assert (attempt.number, attempt.worker, attempt.outcome) == (1, hand.id, "")
    assert violations() == []


def test_no_more_are_taken_than_the_lanes_allow():
    queue(4)
    queue(4, lane=Lane.BULK)

    taken = Hand().claim(6, caps={"interactive": 2, "bulk": 3})

    assert sorted(job.lane for job in taken) == ["bulk"] * 3 + ["interactive"] * 2
    assert len(Hand().claim(2)) == 2
    assert Hand().claim(5, caps={"bulk": 0}) == []


def test_two_jobs_for_one_row_do_not_run_together():
    row = product()
    jobs.enqueue("write_text", row)
    jobs.enqueue("draft_title", row)
    hand = Hand()

    first = hand.claim(2)

    assert len(first) == 1
    assert hand.claim(2) == []
    moves.end(first[0], State.DECLINED)
    assert len(hand.claim(2)) == 1


def test_an_unknown_skill_is_left_queued():
    """F26: a newer web process may ask for what this worker does not know yet."""
    queue(1)

    assert Hand().claim(known=["another"]) == []
    assert Job.objects.get().state == State.QUEUED


@pytest.mark.parametrize(
    ("pause", "left"), [({"skill": "write_text"}, 1), ({"lane": "bulk"}, 2), ({}, 0), ({"skill": "x"}, 3)]
)
def test_a_pause_holds_back_what_it_names(pause, left):
    queue(1)
    queue(1, lane=Lane.BULK)
    jobs.enqueue("draft_title", product())
    Pause.objects.create(reason="x", **pause)

    assert len(Hand().claim(5)) == left


def test_a_job_lost_twice_runs_alone():
    """F20: what may kill a worker is tried with nothing beside it."""
    rows = queue(3)
    Job.objects.filter(target_id=str(rows[1].pk)).update(worker_lost=2, rank=later(-60))
    hand = Hand()

    assert hand.claim(5, idle=False) == []
    assert [job.target_id for job in hand.claim(5)] == [str(rows[1].pk)]


def test_nothing_is_taken_past_a_job_that_must_run_alone():
    rows = queue(3)
    Job.objects.filter(target_id=str(rows[1].pk)).update(worker_lost=2)
    for n, row in enumerate(rows):
        Job.objects.filter(target_id=str(row.pk)).update(rank=later(-60 + n))

    taken = Hand().claim(5)

    assert [job.target_id for job in taken] == [str(rows[0].pk)]


@pytest.mark.parametrize(("again", "taken"), [(2, 4), (1, 3), (0, 2), (-3, 2)])
def test_of_those_that_were_lost_only_some_are_taken_beside_the_others(again, taken):
    """A second death shall not make a suspect of each."""
    rows = queue(5)
    Job.objects.filter(target_id__in=[str(row.pk) for row in rows[:3]]).update(worker_lost=1, rank=later(-60))

    found = Hand().claim(5, again=again)

    assert (len(found), sum(job.worker_lost for job in found)) == (taken, max(0, again))


def test_while_workers_die_a_suspect_waits_and_others_pass_it():
    """A third loss is the last: it must not come from what kills every worker."""
    rows = queue(3)
    (lost,) = Hand().claim(1)
    Job.objects.filter(target_id=str(rows[1].pk)).update(worker_lost=2, rank=later(-60))
    pass_time(31)
    moves.reap()
    hand = Hand()

    taken = {job.target_id for job in hand.claim(5)}
    pass_time(121)

    assert taken == {lost.target_id, str(rows[2].pk)}
    assert [job.target_id for job in hand.claim(5)] == [str(rows[1].pk)]


# -- the adapter in use ------------------------------------------------------------------------


def two_skills(*seconds: float, lane=Lane.BULK):
    """Jobs of write_text that are so much younger than one of draft_title."""
    jobs.enqueue("draft_title", product(), lane=lane)
    rows = queue(len(seconds), lane=lane)
    (other,) = Job.objects.filter(skill="draft_title", state=State.QUEUED)
    for row, younger in zip(rows, seconds, strict=True):
        Job.objects.filter(target_id=str(row.pk)).update(rank=other.rank + timedelta(seconds=younger))


def taken(total, **kwargs):
    return [job.skill for job in Hand().claim(total, **kwargs)]


def test_jobs_of_the_adapter_in_use_go_before_older_ones():
    two_skills(1, 5, 9)

    assert taken(3, at_hand=["write_text"]) == ["write_text"] * 3


def test_a_job_of_another_adapter_is_passed_for_some_seconds_only():
    two_skills(1, 5, 11, 12)

    assert sorted(taken(3, at_hand=["write_text"])) == ["draft_title", "write_text", "write_text"]


def test_where_there_is_room_for_both_both_are_taken():
    two_skills(1, 2)

    assert sorted(taken(5, at_hand=["write_text"])) == ["draft_title", "write_text", "write_text"]


def test_where_none_is_at_hand_the_oldest_goes_first():
    two_skills(1, 5)

    assert taken(1, at_hand=[]) == ["draft_title"]


def test_interactive_work_of_another_adapter_goes_before_a_bulk_run():
    queue(5, lane=Lane.BULK)
    jobs.enqueue("draft_title", product())

    assert taken(1, at_hand=["write_text"]) == ["draft_title"]


def test_the_room_of_a_lane_holds_for_every_adapter():
    two_skills(1, 2)
    queue(2)

    found = Hand().claim(5, caps={"interactive": 5, "bulk": 1}, at_hand=["write_text"])

    assert sorted(job.lane for job in found) == ["bulk", "interactive", "interactive"]


def test_a_job_of_another_adapter_that_must_run_alone_is_not_passed_for_ever():
    two_skills(1, 11)
    Job.objects.filter(skill="draft_title").update(worker_lost=2)

    assert taken(5, at_hand=["write_text"], idle=False) == ["write_text"]
    assert taken(5, at_hand=["write_text"], idle=False) == []
    assert taken(5, at_hand=["write_text"]) == ["draft_title"]


@pytest.mark.parametrize("at_hand", [None, ["write_text"]])
def test_a_claim_takes_as_many_queries_for_one_job_as_for_many(at_hand):
    two_skills(1)
    with CaptureQueriesContext(connection) as few:
        taken(2, at_hand=at_hand)
    two_skills(*range(30))

    with CaptureQueriesContext(connection) as many:
        assert len(taken(31, at_hand=at_hand)) == 31

    assert len(many) == len(few)


# -- time, and other workers -------------------------------------------------------------------


def test_an_overdue_job_expires(shop):
    shop(DEADLINE=30.0)
    queue(1)
    pass_time(31)

    expired = moves.expire()

    job = Job.objects.get()
    assert (expired, job.state, job.error_class) == (1, State.EXPIRED, "expired")


def test_a_row_begun_by_another_worker_just_now_is_left(monkeypatch):
    """Two jobs of one row, chosen by two workers before either has begun: the key lets one of them in."""
    first, second = queue(2)
    Job.objects.filter(target_id=str(second.pk)).update(slot="the same")
    Job.objects.filter(target_id=str(first.pk)).update(slot="the same")
    hand = Hand()
    chosen = list(Job.objects.order_by("rank", "pk"))
    with transaction.atomic():
        taken = moves._take(hand.id, chosen)

    assert len(taken) == 1
    assert violations() == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_claim_the_same_job(shop):
    queue(120)
    taken: list[Job] = []
    start = threading.Barrier(2)

    def work() -> None:
        hand = Hand()
        try:
            start.wait()
            misses = 0
            while misses < 3:
                some = hand.claim(7)
                taken.extend(some)
                misses += not some
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == 120 == len({job.pk for job in taken})
    assert not Job.objects.exclude(attempt=1).exists()
    assert violations() == []


@pytest.mark.django_db(transaction=True)
def test_a_worker_takes_the_jobs_behind_those_another_is_taking(shop):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    queue(6)
    found: list[int] = []

    def behind() -> None:
        try:
            found.append(len(Hand().claim(3)))
        finally:
            connections.close_all()

    with transaction.atomic():
        Hand().claim(1)
        thread = threading.Thread(target=behind)
        thread.start()
        thread.join()

    assert found == [3]
    assert Job.objects.filter(state=State.RUNNING, write_key=F("slot")).count() == 4
