"""The threads beside the loop: leases, hangs, reaping."""

from __future__ import annotations

import threading
import time
import uuid

import pytest
from django.db import OperationalError, connection, connections

from shop_ai import jobs
from shop_ai.lm.echo import EchoBackend
from shop_ai.models import Job, State, SweepMark, WorkerBoot, moves
from shop_ai.models.clock import later, now
from shop_ai.models.job import database
from shop_ai.worker import Worker, keeper
from shop_ai.worker.breaker import FAILURES, Breaker
from shop_ai.worker.keeper import EXIT_HANG, Keeper, Renewer, alone, register
from tests.shop import pass_time, product, products
from tests.worker.by_hand import ByHand

pytestmark = pytest.mark.django_db


@pytest.fixture
def hung(shop):
    """A worker whose backend never answers, with one job in it."""
    shop()
    jobs.enqueue("write_text", product())
    worker = Worker(ByHand())
    register(worker, "ready")
    worker.step()
    return worker


@pytest.fixture
def deaths():
    return []


def renewer(worker, deaths):
    return Renewer(worker, die=deaths.append)


def ago(worker, seconds):
    """The model's last sign of life lies so many seconds back."""
    for run in worker.runs.values():
        run.submitted_at -= seconds
    worker.backend.progressed_at = time.monotonic() - seconds


# -- the renewer -------------------------------------------------------------------------------


def test_it_renews_and_shows_that_the_worker_lives(hung, deaths):
    WorkerBoot.objects.update(seen_at=later(-100))
    pass_time(20)

    renewer(hung, deaths).tick()

    assert Job.objects.filter(lease_expires_at__gt=later(25)).exists()
    assert WorkerBoot.alive().exists()
    assert deaths == []


def test_a_cancelled_job_is_marked_and_the_loop_rung(hung, deaths):
    """F33."""
    jobs.cancel(Job.objects.all())
    hung._bell.clear()

    renewer(hung, deaths).tick()

    (run,) = hung.runs.values()
    assert (run.unwanted, run.lost, hung._bell.is_set()) == (True, False, True)


def test_a_job_somebody_else_has_is_marked_lost(hung, deaths):
    pass_time(31)
    moves.reap()

    renewer(hung, deaths).tick()

    assert next(iter(hung.runs.values())).lost


def test_a_model_that_hangs_ends_the_worker_and_frees_its_jobs(hung, deaths):
    """F23: a distinct exit code, and a reaper need not wait for the lease."""
    one = renewer(hung, deaths)
    one._awake_since -= 100
    ago(hung, 100)

    one.tick()

    assert deaths == [EXIT_HANG]
    assert moves.reap() == 1
    assert Job.objects.get().state == State.QUEUED


def test_progress_of_the_model_is_life(hung, deaths):
    one = renewer(hung, deaths)
    one._awake_since -= 100
    ago(hung, 100)
    hung.backend.progressed_at = time.monotonic()

    one.tick()

    assert deaths == []


def test_new_requests_are_no_sign_of_life(hung, deaths):
    one = renewer(hung, deaths)
    one._awake_since -= 100
    ago(hung, 100)
    jobs.enqueue("write_text", product())
    hung.fill()

    one.tick()

    assert deaths == [EXIT_HANG]


def test_an_answer_that_waits_for_the_database_is_no_hang(hung, deaths):
    """F13: the model has done its part."""
    one = renewer(hung, deaths)
    one._awake_since -= 100
    ago(hung, 100)
    for run in hung.runs.values():
        run.drop()

    one.tick()

    assert deaths == []
    assert hung.silent_since() is None


def test_a_process_that_was_stopped_for_a_while_does_not_die_of_it(hung, deaths):
    """F4: SIGSTOP for twice the lease; it is fenced, not dead."""
    one = renewer(hung, deaths)
    ago(hung, 100)
    one._ticked_at -= 100

    one.tick()

    assert deaths == []


def test_leases_that_cannot_be_renewed_in_time_are_forgotten(hung, deaths, monkeypatch):
    """F13: what could not be renewed belongs to somebody else by now."""
    one = renewer(hung, deaths)
    one._count_failure()
    before = [run.lost for run in hung.runs.values()]
    one._renewed_at -= 26

    one._count_failure()

    assert (before, [run.lost for run in hung.runs.values()]) == ([False], [True])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [OperationalError("away"), ValueError("a fault of ours")])
def test_no_error_ends_the_renewer(shop, deaths, monkeypatch, error):
    shop(LEASE=0.2)
    worker = Worker(EchoBackend())
    register(worker, "ready")
    WorkerBoot.objects.update(seen_at=later(-100))
    one = renewer(worker, deaths)
    tick, raised = one.tick, []

    def broken():
        if not raised:
            raised.append(1)
            raise error
        tick()

    monkeypatch.setattr(one, "tick", broken)
    one.start()
    for _ in range(600):
        if WorkerBoot.alive().exists():
            break
        threading.Event().wait(0.05)
    one.finish()
    one.join(30)

    assert WorkerBoot.alive().exists()
    assert not one.is_alive()


# -- the keeper --------------------------------------------------------------------------------


def test_it_reaps_expires_and_sweeps(shop):
    shop(ON_CREATE={"write_text": {}}, DEADLINE=60.0)
    jobs.enqueue("write_text", products(2))
    moves.claim(uuid.uuid4(), caps={"interactive": 1}, total=1, skills=["write_text"], idle=True, again=1)
    pass_time(61)

    Keeper().tick()

    assert sorted(Job.objects.values_list("state", flat=True)) == ["expired", "expired"]
    assert SweepMark.objects.exists()


def test_it_sweeps_at_its_own_pace(shop, monkeypatch):
    swept = []
    monkeypatch.setattr(keeper, "sweep", lambda: swept.append(1))
    one = Keeper()

    one.tick()
    one.tick()
    one._swept_at -= 1000
    one.tick()

    assert len(swept) == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [OperationalError("away"), ValueError("a fault of ours")])
def test_no_error_ends_the_keeper(shop, monkeypatch, error):
    """F27: work goes on without beat, and whatever one round stumbled over."""
    shop(LEASE=0.15)
    jobs.enqueue("write_text", product())
    moves.claim(uuid.uuid4(), caps={"interactive": 1}, total=1, skills=["write_text"], idle=True, again=1)
    raised = []

    def broken():
        if not raised:
            raised.append(1)
            raise error
        return {}

    monkeypatch.setattr(keeper, "sweep", broken)
    shop(LEASE=0.15, SWEEP_EVERY=0.0)
    one = Keeper()
    one.start()
    for _ in range(600):
        if Job.objects.get().state == State.QUEUED and raised:
            break
        threading.Event().wait(0.05)
    one.finish()
    one.join(30)

    assert Job.objects.get().state == State.QUEUED
    assert not one.is_alive()


@pytest.mark.django_db(transaction=True)
def test_one_keeper_works_at_a_time(shop):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one worker")
    found = []

    def other():
        try:
            with alone() as ours:
                found.append(ours)
            jobs.enqueue("write_text", product())
            Keeper().tick()
        finally:
            connections.close_all()

    with alone() as ours:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    with alone() as again:
        pass

    assert (ours, found, again) == (True, [False], True)


# -- the breaker -------------------------------------------------------------------------------


def test_the_breaker_opens_after_failures_in_a_row_and_closes_on_success():
    breaker = Breaker(pause=1000)
    for _ in range(FAILURES - 1):
        breaker.failed()
    before = breaker.allows(7, 0)
    breaker.failed()

    assert (before, breaker.is_open, breaker.allows(7, 0)) == (7, True, 0)
    breaker.succeeded()
    assert breaker.allows(7, 3) == 7


def test_an_open_breaker_lets_one_probe_through_after_a_pause():
    """F31."""
    breaker = Breaker(pause=0)
    for _ in range(FAILURES):
        breaker.failed()

    assert [breaker.allows(7, 0), breaker.allows(7, 1), breaker.allows(0, 0)] == [1, 0, 0]


def test_the_clock_of_leases_is_the_databases(shop, monkeypatch):
    """F28: a worker whose own clock is ten minutes wrong neither loses nor keeps a lease for it."""
    monkeypatch.setattr("time.time", lambda: 0.0)
    jobs.enqueue("write_text", product())
    (job,) = moves.claim(
        uuid.uuid4(), caps={"interactive": 1}, total=1, skills=["write_text"], idle=True, again=1
    )

    assert 25 < (job.lease_expires_at - now(database())).total_seconds() <= 30
    assert moves.reap() == 0
