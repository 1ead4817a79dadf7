"""Every conjunct of every guarded UPDATE is needed: with it the story ends well, without it it does not.

A story is told to one worker and returns whether it ended well. Stories that a lock would prevent are told
with what was read a moment too early: the guard must do on a database that ignores locks.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db.models import F
from django.db.models.functions import Now

from shop_ai import jobs
from shop_ai.models import Attempt, Job, State, Suggestion, moves
from shop_ai.models.clock import later
from shop_ai.models.finish import finish
from tests.shop import Hand, pass_time, product

STORIES: dict[tuple[str, str], Callable[[], bool]] = {}


def story(move: str, conjunct: str) -> Callable[[Callable[[], bool]], Callable[[], bool]]:
    def tell(function: Callable[[], bool]) -> Callable[[], bool]:
        STORIES[(move, conjunct)] = function
        return function

    return tell


# -- how a job got there -----------------------------------------------------------------------


def queued(**kwargs: object) -> Job:
    row = product()
    jobs.enqueue("write_text", row, **kwargs)
    return Job.objects.get(target_id=str(row.pk), state=State.QUEUED)


def running(hand: Hand | None = None) -> tuple[Hand, Job]:
    queued()
    hand = hand or Hand()
    return hand, hand.one()


def now(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def lose(job: Job) -> None:
    """Its lease runs out and somebody reaps it."""
    pass_time(3600)
    assert moves.reap() == 1


def fail_over(job: Job) -> None:
    """The database comes back as it was before the claim: the standby had not seen it yet."""
    Attempt.objects.filter(job=job, number=job.attempt).delete()
    Job.objects.filter(pk=job.pk).update(
        state=State.QUEUED, attempt=job.attempt - 1, queue_key=F("twin"), available_at=Now(), **moves.FREE
    )


def again(hand: Hand) -> Job:
    pass_time(3600)
    return hand.one()


# -- claim -------------------------------------------------------------------------------------


@story("claim", "queued")
def _an_ended_job_is_not_claimed() -> bool:
    job = queued()
    jobs.cancel(Job.objects.filter(pk=job.pk))

    return Hand().claim(5) == [] and now(job).state == State.CANCELLED


@story("claim", "available")
def _a_job_that_waits_for_its_time_is_not_claimed() -> bool:
    queued(delay=3600.0)

    return Hand().claim(5) == []


@story("claim", "in_time")
def _an_overdue_job_is_not_claimed() -> bool:
    job = queued()
    Job.objects.filter(pk=job.pk).update(deadline_at=later(-1))

    return Hand().claim(5) == []


# -- what a worker does while it runs ----------------------------------------------------------


@story("renew", "owner")
def _nobody_lengthens_anothers_lease() -> bool:
    _, job = running()
    pass_time(10)
    before = now(job).lease_expires_at

    moves.renew(Hand().id, [job.pk])

    return now(job).lease_expires_at == before


@story("renew", "wanted")
def _the_lease_of_an_unwanted_job_runs_out() -> bool:
    hand, job = running()
    jobs.cancel(Job.objects.all())
    before = now(job).lease_expires_at

    moves.renew(hand.id, [job.pk])

    return now(job).lease_expires_at == before


@story("surrender", "owner")
def _nobody_surrenders_anothers_lease() -> bool:
    _, job = running()

    moves.surrender(Hand().id)

    return moves.reap() == 0 and now(job).state == State.RUNNING


# -- how a worker ends it ----------------------------------------------------------------------

Ending = Callable[[Hand, Job], object]
ENDINGS: dict[str, Ending] = {
    "finish": lambda hand, job: finish(job, hand.answer(hand.read(job), text="Late.")),
    "fail": lambda hand, job: moves.fail(job, kind="x", public="x", retryable=True),
    "release": lambda hand, job: moves.release(job),
}


def _other_attempt(ending: Ending) -> bool:
    """The same worker lost the job, has it again, and then comes upon the first answer."""
    hand, first = running()
    lose(first)
    second = again(hand)

    ending(hand, first)

    return now(second).state == State.RUNNING and not Suggestion.objects.exists()


def _other_owner(ending: Ending) -> bool:
    """A failover forgot the claim; another worker has the same attempt number now."""
    hand, first = running()
    fail_over(first)
    second = again(Hand())
    assert second.attempt == first.attempt

    ending(hand, first)

    return now(second).state == State.RUNNING and not Suggestion.objects.exists()


def _unwanted(ending: Ending) -> bool:
    """Somebody asked to cancel it: it must not be applied, nor wait again."""
    hand, job = running()
    jobs.cancel(Job.objects.all())

    ending(hand, job)

    return moves.stop(job) and now(job).state == State.CANCELLED and not Suggestion.objects.exists()


for _name, _ending in ENDINGS.items():
    story(_name, "attempt")(lambda ending=_ending: _other_attempt(ending))
    story(_name, "owner")(lambda ending=_ending: _other_owner(ending))
    story(_name, "wanted")(lambda ending=_ending: _unwanted(ending))


@story("stop", "attempt")
def _an_old_attempt_does_not_stop_the_new() -> bool:
    hand, first = running()
    lose(first)
    second = again(hand)
    jobs.cancel(Job.objects.all())

    moves.stop(first)

    return now(second).state == State.RUNNING


@story("stop", "owner")
def _a_forgotten_worker_does_not_stop_the_new() -> bool:
    _, first = running()
    fail_over(first)
    second = again(Hand())
    jobs.cancel(Job.objects.all())

    moves.stop(first)

    return now(second).state == State.RUNNING


@story("stop", "unwanted")
def _a_wanted_job_is_not_stopped() -> bool:
    _, job = running()

    return not moves.stop(job) and now(job).state == State.RUNNING


# -- reaping -----------------------------------------------------------------------------------


@story("reap", "attempt")
def _a_loss_is_counted_for_its_own_attempt() -> bool:
    """Two reapers read the same loss; the slower one comes when the next attempt is lost, too."""
    _, job = running()
    pass_time(3600)
    read = now(job)
    assert moves.reap() == 1
    again(Hand())
    pass_time(3600)

    moves._reap_one(read)
    moves.reap()

    return now(job).worker_lost == 2 and not Attempt.objects.filter(outcome="").exists()


@story("reap", "expired_lease")
def _a_lease_renewed_just_now_is_left_alone() -> bool:
    hand, job = running()
    pass_time(3600)
    read = now(job)
    moves.renew(hand.id, [job.pk])

    moves._reap_one(read)

    return now(job).state == State.RUNNING


@story("reap", "wanted")
def _a_job_cancelled_just_now_does_not_wait_again() -> bool:
    _, job = running()
    pass_time(3600)
    read = now(job)
    jobs.cancel(Job.objects.all())

    moves._reap_one(read)
    moves.reap()

    return now(job).state == State.CANCELLED


@story("reap_unwanted", "expired_lease")
def _a_worker_has_time_to_stop_by_itself() -> bool:
    _, job = running()
    jobs.cancel(Job.objects.all())

    moves.reap()

    return now(job).state == State.RUNNING and moves.stop(job)


# -- the end of what waits ---------------------------------------------------------------------


@story("expire", "queued")
def _what_began_in_time_does_not_expire() -> bool:
    _, job = running()
    Job.objects.update(deadline_at=later(-1))

    try:
        moves.expire()
    except Exception:
        return False
    return now(job).state == State.RUNNING


@story("expire", "overdue")
def _what_has_time_left_does_not_expire() -> bool:
    job = queued()
    Job.objects.update(deadline_at=later(60))

    moves.expire()

    return now(job).state == State.QUEUED


@story("cancel", "queued")
def _what_runs_is_only_asked_to_stop() -> bool:
    _, job = running()

    try:
        ended, asked = jobs.cancel(Job.objects.all())
    except Exception:
        return False
    return (ended, asked) == (0, 1) and now(job).state == State.RUNNING


@story("ask_to_cancel", "running")
def _what_waits_is_not_counted_twice() -> bool:
    queued()

    return jobs.cancel(Job.objects.all()) == (1, 0)


@story("ask_to_cancel", "wanted")
def _asking_twice_counts_once() -> bool:
    running()
    jobs.cancel(Job.objects.all())

    return jobs.cancel(Job.objects.all()) == (0, 0)


# -- the table ---------------------------------------------------------------------------------


def test_every_conjunct_has_its_story():
    table = {(move, conjunct) for move, conjuncts in moves.GUARDS.items() for conjunct in conjuncts}

    assert set(STORIES) == table
    assert {conjunct for _, conjunct in table} == set(moves.CONJUNCTS)


@pytest.mark.django_db
@pytest.mark.parametrize(("move", "conjunct"), STORIES)
def test_conjunct_is_needed(move, conjunct, shop, monkeypatch):
    held = _told(move, conjunct)
    weaker = tuple(name for name in moves.GUARDS[move] if name != conjunct)
    monkeypatch.setitem(moves.GUARDS, move, weaker)

    assert held is True
    assert _told(move, conjunct) is False


def _told(move: str, conjunct: str) -> bool:
    """Tell the story and undo it."""
    from django.db import transaction

    with transaction.atomic():
        ended_well = STORIES[(move, conjunct)]()
        transaction.set_rollback(True)
    return ended_well
