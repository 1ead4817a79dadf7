"""Leases, retries, losses, twins and cancellations."""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError, connections, transaction

from shop_ai import jobs, signals
from shop_ai.models import Attempt, Job, Lane, State, moves
from shop_ai.models.clock import later, now
from shop_ai.models.job import database
from tests.models.invariants import violations
from tests.shop import Hand, pass_time, product, products

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(shop):
    yield shop
    assert violations() == []


def running(**kwargs):
    jobs.enqueue("write_text", product(), **kwargs)
    hand = Hand()
    return hand, hand.one()


def now_of(job):
    return Job.objects.get(pk=job.pk)


def outcomes(job):
    return list(Attempt.objects.filter(job=job).order_by("number").values_list("outcome", flat=True))


# -- leases ------------------------------------------------------------------------------------


def test_renewing_lengthens_the_lease():
    hand, job = running()
    pass_time(20)

    held = moves.renew(hand.id, [job.pk])

    assert held == {job.pk: (1, False)}
    assert Job.objects.filter(lease_expires_at__gt=later(25)).exists()


def test_a_lost_job_is_not_among_the_renewed():
    hand, job = running()
    pass_time(31)
    moves.reap()

    assert moves.renew(hand.id, [job.pk]) == {}


def test_renewing_tells_who_asked_to_cancel():
    hand, job = running()
    jobs.cancel(Job.objects.all())

    assert moves.renew(hand.id, [job.pk]) == {job.pk: (1, True)}


def test_a_worker_that_must_die_gives_up_its_leases_at_once():
    hand, job = running()

    assert moves.surrender(hand.id) == 1
    assert moves.reap() == 1
    assert now_of(job).state == State.QUEUED


# -- back to the queue -------------------------------------------------------------------------


def test_a_released_job_is_available_at_once_and_uncharged():
    hand, job = running()

    assert moves.release(job)

    again = hand.one()
    assert (again.pk, again.attempt, again.charged) == (job.pk, 2, 0)
    assert outcomes(job) == ["released", ""]


def test_a_job_released_for_later_waits():
    hand, job = running()

    moves.release(job, wait=30.0)

    assert hand.claim() == []
    pass_time(31)
    assert hand.one().pk == job.pk


@pytest.mark.parametrize(("failed", "least", "most"), [(0, 4, 6), (1, 8, 12), (3, 32, 48)])
def test_each_failure_waits_twice_as_long(failed, least, most):
    _, job = running()
    Job.objects.update(charged=failed, attempt=failed + 1)
    Attempt.objects.update(number=failed + 1)
    Attempt.objects.bulk_create(
        Attempt(job=job, number=n + 1, worker=job.lease_owner, started_at=now(database()), outcome="retry")
        for n in range(failed)
    )
    job = now_of(job)

    moves.fail(job, kind="Timeout", public="Too slow.", retryable=True, error="boom")

    wait = (now_of(job).available_at - now(database())).total_seconds()
    assert least - 1 < wait < most + 1
    assert (now_of(job).error_class, now_of(job).error_public) == ("Timeout", "Too slow.")
    assert Attempt.objects.get(number=failed + 1).error == "boom"


def test_the_wait_has_an_end(shop):
    shop(MAX_ATTEMPTS=50, BACKOFF=500.0)
    _, job = running()
    moves.fail(job, kind="x", public="x", retryable=True)
    pass_time(700)
    job = Hand().one()

    moves.fail(job, kind="x", public="x", retryable=True)

    assert (now_of(job).available_at - now(database())).total_seconds() < 721


def test_the_last_failure_is_final():
    for n in range(5):
        if n == 0:
            _, job = running()
        else:
            pass_time(700)
            job = Hand().one()
        moves.fail(job, kind="x", public="It failed.", retryable=True)

    job = now_of(job)
    assert (job.state, job.charged, job.attempt, job.error_public) == (State.DEAD, 5, 5, "It failed.")
    assert outcomes(job) == ["retry"] * 4 + ["dead"]


def test_what_trying_again_cannot_mend_is_dead_at_once():
    _, job = running()

    moves.fail(job, kind="too_large", public="x", retryable=False)

    assert (now_of(job).state, now_of(job).charged) == (State.DEAD, 1)


def test_losses_and_failures_together_never_cost_more_than_the_maximum():
    _, job = running()
    for _ in range(2):
        pass_time(31)
        moves.reap()
        pass_time(121)
        job = Hand().one()
    for _ in range(2):
        moves.fail(job, kind="x", public="x", retryable=True)
        pass_time(700)
        job = Hand().one()

    moves.fail(job, kind="x", public="x", retryable=True)

    assert (now_of(job).state, now_of(job).charged) == (State.DEAD, 5)


# -- losses ------------------------------------------------------------------------------------


def test_the_first_and_second_loss_go_back_and_the_third_in_isolation_is_the_last():
    """F20: a job that kills its worker is dead at its third loss."""
    _, job = running()
    seen = []
    for _ in range(3):
        pass_time(31)
        assert moves.reap() == 1
        job = now_of(job)
        seen.append((job.state, job.worker_lost))
        if job.state == State.QUEUED:
            pass_time(121)
            Hand().one()

    assert seen == [(State.QUEUED, 1), (State.QUEUED, 2), (State.DEAD, 3)]
    assert (job.error_class, outcomes(job)) == ("worker_lost", ["lost"] * 3)
    assert "died three times" in job.error_public


def test_a_live_lease_is_not_reaped():
    running()

    assert moves.reap() == 0


def test_a_lost_job_that_was_cancelled_ends():
    _, job = running()
    jobs.cancel(Job.objects.all())
    pass_time(31)

    assert moves.reap() == 1
    assert (now_of(job).state, outcomes(job)) == (State.CANCELLED, ["lost"])


def test_reaping_goes_page_by_page():
    jobs.enqueue("write_text", products(5))
    Hand().claim(5)
    pass_time(31)

    assert [moves.reap(limit=3), moves.reap(limit=3), moves.reap(limit=3)] == [3, 2, 0]


def test_one_locked_job_does_not_hold_up_the_reaper(monkeypatch):
    jobs.enqueue("write_text", products(2))
    first, second = Hand().claim(2)
    pass_time(31)
    reap_one = moves._reap_one

    def locked(job):
        if job.pk == first.pk:
            raise OperationalError("lock timeout")
        return reap_one(job)

    monkeypatch.setattr(moves, "_reap_one", locked)

    assert moves.reap() == 1
    assert (now_of(first).state, now_of(second).state) == (State.RUNNING, State.QUEUED)


# -- twins -------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["release", "fail", "reap"])
def test_where_a_newer_twin_waits_that_one_does_the_work(how):
    row = product()
    jobs.enqueue("write_text", row)
    job = Hand().one()
    jobs.enqueue("write_text", row)

    if how == "release":
        moves.release(job)
    elif how == "fail":
        moves.fail(job, kind="x", public="x", retryable=True)
    else:
        pass_time(31)
        moves.reap()

    ended = now_of(job)
    assert (ended.state, ended.error_class) == (State.CANCELLED, "superseded")
    assert Job.objects.get(state=State.QUEUED).twin == job.twin


def test_the_twin_takes_over_the_place_and_the_suspicion():
    row = product()
    jobs.enqueue("write_text", row)
    job = Hand().one()
    jobs.enqueue("write_text", row, lane=Lane.BULK)
    pass_time(31)

    moves.reap()

    twin = Job.objects.get(state=State.QUEUED)
    assert (twin.lane, twin.worker_lost) == (Lane.INTERACTIVE, 1)
    assert twin.rank <= now_of(job).rank


def test_a_bulk_job_does_not_slow_down_the_twin_a_person_waits_for():
    row = product()
    jobs.enqueue("write_text", row, lane=Lane.BULK)
    job = Hand().one()
    jobs.enqueue("write_text", row)
    before = Job.objects.get(state=State.QUEUED)

    moves.release(job)

    twin = now_of(before)
    assert (twin.lane, twin.rank) == (Lane.INTERACTIVE, before.rank)


# -- ends --------------------------------------------------------------------------------------


def test_declined_names_what_is_missing():
    _, job = running()

    moves.end(job, State.DECLINED, kind="declined", public="No facts.", missing=["attributes"])

    job = now_of(job)
    assert (job.state, job.missing, job.error_public) == (State.DECLINED, ["attributes"], "No facts.")
    assert Attempt.objects.get().error == "No facts."


@pytest.fixture
def heard():
    """Who is told by `job_finished`: (key, state)."""
    told: list[tuple[object, str]] = []

    def listen(sender, job, **_):
        told.append((job.pk, job.state))

    signals.job_finished.connect(listen)
    yield told
    signals.job_finished.disconnect(listen)


def test_an_end_is_announced_after_commit(heard, django_capture_on_commit_callbacks):
    _, job = running()

    with django_capture_on_commit_callbacks(execute=True):
        moves.end(job, State.DECLINED)
        before = list(heard)

    assert (before, heard) == ([], [(job.pk, State.DECLINED)])


def test_what_is_cancelled_while_it_waits_is_announced_and_what_runs_when_it_has_stopped(
    heard, django_capture_on_commit_callbacks
):
    jobs.enqueue("write_text", products(2))
    taken = Hand().one()
    waiting = Job.objects.get(state=State.QUEUED)

    with django_capture_on_commit_callbacks(execute=True):
        jobs.cancel(Job.objects.all())
    first = list(heard)
    with django_capture_on_commit_callbacks(execute=True):
        moves.stop(taken)

    assert first == [(waiting.pk, State.CANCELLED)]
    assert heard[1:] == [(taken.pk, State.CANCELLED)]


def test_what_ended_before_is_not_announced_again(heard, django_capture_on_commit_callbacks):
    _, job = running()
    moves.end(job, State.DECLINED)

    with django_capture_on_commit_callbacks(execute=True):
        jobs.cancel(Job.objects.all())
        moves.expire()

    assert heard == []


def test_what_expires_is_announced(heard, shop, django_capture_on_commit_callbacks):
    shop(DEADLINE=60.0)
    jobs.enqueue("write_text", [late := product()])
    pass_time(61)
    jobs.enqueue("write_text", product())

    with django_capture_on_commit_callbacks(execute=True):
        assert moves.expire() == 1

    assert heard == [(Job.objects.get(target_id=str(late.pk)).pk, State.EXPIRED)]


def test_a_cancel_that_is_rolled_back_is_not_announced(heard, django_capture_on_commit_callbacks):
    jobs.enqueue("write_text", product())

    with (
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(ZeroDivisionError),
        transaction.atomic(),
    ):
        jobs.cancel(Job.objects.all())
        _ = 1 / 0

    assert heard == []


def test_a_listener_that_breaks_keeps_nobody_from_hearing(heard, django_capture_on_commit_callbacks):
    def broken(sender, job, **_):
        raise RuntimeError("a fault of the store's")

    jobs.enqueue("write_text", products(3))
    signals.job_finished.connect(broken)

    with django_capture_on_commit_callbacks(execute=True):
        jobs.cancel(Job.objects.all())

    signals.job_finished.disconnect(broken)
    assert len(heard) == 3


def test_waiting_jobs_are_cancelled_at_once_and_running_ones_asked():
    """F33: queued, running, ended."""
    jobs.enqueue("write_text", products(3))
    first, second = Hand().claim(2)
    moves.end(first, State.DECLINED)

    assert jobs.cancel(Job.objects.all()) == (1, 1)

    assert (now_of(first).state, now_of(first).cancel_requested_at) == (State.DECLINED, None)
    assert now_of(second).cancel_requested_at is not None
    assert moves.stop(second)


def test_ten_thousand_are_cancelled_in_few_statements(django_assert_max_num_queries):
    """F33: a bulk of 10,000."""
    jobs.enqueue("write_text", products(10_000), lane=Lane.BULK)

    with django_assert_max_num_queries(30):
        ended = jobs.cancel(Job.objects.all())

    assert ended == (10_000, 0)


@pytest.mark.parametrize("end", [lambda: jobs.cancel(Job.objects.all()), moves.expire])
def test_ten_thousand_endings_are_announced_in_few_statements(
    heard, shop, end, django_capture_on_commit_callbacks, django_assert_max_num_queries
):
    shop(DEADLINE=60.0)
    jobs.enqueue("write_text", products(10_000))
    pass_time(61)

    with django_assert_max_num_queries(50), django_capture_on_commit_callbacks(execute=True):
        end()

    assert len({key for key, _ in heard}) == len(heard) == 10_000


def test_nothing_is_read_to_announce_what_nobody_listens_to(
    django_capture_on_commit_callbacks, django_assert_num_queries
):
    jobs.enqueue("write_text", product())
    with django_capture_on_commit_callbacks() as callbacks:
        jobs.cancel(Job.objects.all())

    (announce,) = callbacks
    with django_assert_num_queries(0):
        announce()


def test_cancelling_a_slice_and_an_ordered_queryset_works():
    jobs.enqueue("write_text", products(3))

    assert jobs.cancel(Job.objects.order_by("rank")[:2]) == (2, 0)
    assert jobs.cancel(Job.objects.order_by("-rank").distinct()) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_a_job_that_is_reaped_meanwhile_does_not_escape_a_cancel(shop):
    """Between an UPDATE for what waits and one for what runs it would be neither, one after the other."""
    _, job = running()
    pass_time(31)
    stop = threading.Event()

    def housekeeping() -> None:
        try:
            while not stop.is_set():
                moves.reap()
                pass_time(31)
                Hand().claim()
        finally:
            connections.close_all()

    thread = threading.Thread(target=housekeeping)
    thread.start()
    try:
        with transaction.atomic():
            ended, asked = jobs.cancel(Job.objects.filter(pk=job.pk))
    finally:
        stop.set()
        thread.join()

    gone = now_of(job)
    assert ended + asked == 1 or gone.state == State.DEAD
    if gone.state == State.RUNNING:
        pass_time(31)
        moves.reap()
    assert now_of(job).state in (State.CANCELLED, State.DEAD)
