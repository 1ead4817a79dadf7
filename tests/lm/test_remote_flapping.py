"""F31: the worker's loop and its breaker in front of a server that goes away and comes back."""

from __future__ import annotations

import pytest

from shop_ai import jobs
from shop_ai.lm.remote import RemoteBackend
from shop_ai.models import Job, State
from shop_ai.worker import Worker
from shop_ai.worker.breaker import FAILURES
from tests.lm import servers
from tests.lm.servers import answer, hang, status
from tests.shop import pass_time, products

pytestmark = pytest.mark.django_db

JOBS = 12
ROOM = 3
FOREVER = 100_000.0
"""Seconds that no test lasts: the clocks are moved by hand."""


@pytest.fixture
def server():
    with servers.scripted() as server:
        server.always = answer('{"text": "A bowl of oak."}')
        yield server


@pytest.fixture
def worker(shop, server):
    capabilities = {"schema": True, "choose": False}
    options = {"base_url": server.url, "room": ROOM, "silence": 0.2, "capabilities": capabilities}
    worker = Worker(RemoteBackend("lm", options))
    worker.backend.open()
    worker.breaker.pause = FOREVER
    yield worker
    server.ended.set()
    worker.give_back()
    worker.backend.close()


@pytest.fixture
def queued(worker, server):
    jobs.enqueue("write_text", products(JOBS))
    server.bodies.clear()
    return Job.objects.filter(skill="write_text")


def settle(worker):
    """Take steps until nothing is taken and nothing runs."""
    while worker.step() or worker.runs:
        worker._bell.wait(0.05)
        worker._bell.clear()


def pass_pause(worker):
    pass_time(2 * FOREVER)
    worker.breaker._opened_at -= FOREVER


def charged(queued):
    return sum(queued.values_list("charged", flat=True))


@pytest.mark.parametrize("fault", [hang, status(401)])
def test_a_flapping_server_costs_little_and_loses_nothing(worker, server, queued, fault):
    healthy, server.always = server.always, fault

    settle(worker)

    assert worker.breaker.is_open
    assert charged(queued) == FAILURES
    assert len(server.bodies) < FAILURES + ROOM  # those were on their way when it opened

    asked = len(server.bodies)
    pass_time(2 * FOREVER)  # jobs are due again, but the breaker's pause is not over
    for _ in range(10):
        settle(worker)
    assert len(server.bodies) == asked

    for probe in range(1, 4):
        pass_pause(worker)
        for _ in range(5):
            settle(worker)
        assert len(server.bodies) == asked + probe  # one a pause
    assert charged(queued) == FAILURES
    assert set(queued.values_list("state", flat=True)) == {State.QUEUED}

    server.always = healthy
    pass_pause(worker)
    settle(worker)
    assert not worker.breaker.is_open
    assert queued.filter(state=State.SUCCEEDED).count() == JOBS
    assert charged(queued) == FAILURES


def test_what_the_server_does_not_take_opens_no_breaker(worker, server, queued):
    server.always = status(400)

    settle(worker)

    assert not worker.breaker.is_open
    assert queued.filter(state=State.DEAD, error_class="unsupported").count() == JOBS


def test_too_long_a_text_ends_its_own_job_only(worker, server, queued):
    server.acts = [status(400, b'{"error": {"message": "maximum context length is 4096 tokens"}}')]

    settle(worker)

    assert queued.filter(state=State.DEAD, error_class="too_large").count() == 1
    assert queued.filter(state=State.SUCCEEDED).count() == JOBS - 1


def test_a_silent_server_does_not_look_like_a_hang_of_the_worker(worker, server, queued):
    server.always = hang
    worker.step()
    assert server.came.acquire(timeout=30)
    before = worker.silent_since()

    settle(worker)

    assert worker.backend.progressed_at > before
    assert worker.silent_since() is None


def test_the_job_knows_where_its_text_came_from(worker, server, queued):
    settle(worker)

    provenance = queued.first().suggestion.provenance
    assert provenance["server"] == server.url
    assert provenance["token_safe"] is False
