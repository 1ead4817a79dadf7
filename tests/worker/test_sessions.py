"""A worker that is frozen, or whose machine is gone, keeps neither its jobs nor the keeper's lock."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from django.db import connection, connections, transaction

from shop_ai import jobs
from shop_ai.models import Job, State
from shop_ai.worker.keeper import Keeper, alone
from shop_ai.worker.sessions import KEEPER, OURS, limit_silence
from tests.celery.harness import wait_until
from tests.shop import Hand, pass_time, product

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def silent(shop):
    """`silent(name, hold)`: a thread of that name opens what `hold()` gives, and says nothing more."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one worker")
    shop(LEASE=0.5)
    limit_silence()
    ended, threads = threading.Event(), []

    def begin(name, hold):
        holding = threading.Event()

        def run():
            try:
                with hold():
                    holding.set()
                    ended.wait()
            except Exception:
                pass  # the database has ended the session, as it should
            finally:
                connections.close_all()

        threads.append(threading.Thread(target=run, name=name))
        threads[-1].start()
        holding.wait()

    yield begin
    ended.set()
    for thread in threads:
        thread.join()


@pytest.fixture
def lost(shop):
    """A job whose worker does not renew its lease."""
    jobs.enqueue("write_text", product())
    job = Hand().one()
    pass_time(31)
    return job


@contextmanager
def locked():
    with transaction.atomic():
        Job.objects.select_for_update().get()
        yield


def reaped():
    Keeper().tick()
    return Job.objects.get().state == State.QUEUED


def test_a_job_locked_by_a_silent_worker_is_reaped(silent, lost):
    """F4, where the stop hits the middle of a transaction."""
    silent(f"{OURS}loop", locked)

    wait_until(reaped, "the lock")


def test_the_lock_of_a_silent_keeper_is_free_again(silent, lost):
    silent(KEEPER, alone)

    wait_until(reaped, "the lock")


def test_the_stores_own_sessions_are_left_alone(silent):
    found = []

    def ask():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SHOW idle_in_transaction_session_timeout")
                found.append(cursor.fetchone()[0])
        finally:
            connections.close_all()

    for name in ("the store's", f"{OURS}loop"):
        thread = threading.Thread(target=ask, name=name)
        thread.start()
        thread.join()

    assert found == ["0", "500ms"]
