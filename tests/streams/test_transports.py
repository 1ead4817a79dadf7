"""Both transports carry the same events: in order, resumable, fenced, bounded, and only for a while."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from contextlib import contextmanager

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from shop_ai import streams
from shop_ai.exceptions import StreamUnreachable
from shop_ai.models import StreamEvent
from shop_ai.models.clock import later
from shop_ai.streams import Event, Place, redis_streams
from shop_ai.streams.redis_streams import KEY, RedisStreams
from shop_ai.streams.transports import transport
from tests import services

pytestmark = pytest.mark.django_db(transaction=True)
JOB = uuid.UUID(int=7)


def sentence(text, attempt=1):
    return Event(kind="sentence", attempt=attempt, text=text)


def texts(events):
    return [event.text for event in events]


@pytest.fixture(autouse=True)
def _settings(request):
    if "stream_url" in request.fixturenames:
        request.getfixturevalue("carried")


@contextmanager
def soon(job, *events):
    """Somebody else publishes them in a moment."""

    def publish():
        streams.publish(job, events)
        connections.close_all()

    speaker = threading.Timer(0.3, publish)
    speaker.start()
    yield
    speaker.join()


@pytest.fixture
def own():
    """A Redis of the test's own, to be killed."""
    try:
        with services.redis() as server:
            yield server
    except services.Unavailable as reason:
        pytest.skip(str(reason))


def test_what_is_published_is_read_as_it_was(stream_url):
    end = Event(kind="end", attempt=2, state="succeeded", differs=True)
    job = uuid.uuid4()
    streams.publish(job, [sentence("Ein “Kessel”, 壶 👩‍👧.\n2", 2), end])

    first, last = streams.read(job)

    assert (first.kind, first.attempt, first.text) == ("sentence", 2, "Ein “Kessel”, 壶 👩‍👧.\n2")
    assert (last.kind, last.state, last.differs, last.text) == ("end", "succeeded", True, "")


def test_a_reader_goes_on_from_any_id(stream_url):
    job = uuid.uuid4()
    streams.publish(job, [sentence(text) for text in "abc"])
    before = streams.read(job)
    streams.publish(job, [sentence("d")])

    rest = [texts(streams.read(job, after=event.id)) for event in before]

    assert texts(before) == ["a", "b", "c"]
    assert rest == [["b", "c", "d"], ["c", "d"], ["d"]]


def test_jobs_do_not_hear_each_other(stream_url):
    one, other = uuid.uuid4(), uuid.uuid4()
    streams.publish(one, [sentence("mine")])

    assert streams.read(other) == []


def test_a_stale_worker_is_not_heard(stream_url):
    job = uuid.uuid4()
    streams.publish(job, [sentence("old")])
    (old,) = streams.read(job)
    streams.publish(job, [Event(kind="restart", attempt=2), sentence("new", 2)])
    restart, new = streams.read(job, after=old.id)
    streams.publish(job, [sentence("stale")])
    streams.publish(job, [sentence("newer", 2)])

    assert restart.kind == "restart"
    assert texts(streams.read(job, after=restart.id)) == ["new", "newer"]
    assert texts(streams.read(job, after=new.id)) == ["newer"]
    assert texts(streams.read(job))[-2:] == ["new", "newer"]


def test_a_waiting_reader_wakes_for_what_comes(stream_url):
    job = uuid.uuid4()

    with soon(job, sentence("now")):
        found = streams.read(job, wait=60)

    assert texts(found) == ["now"]


def test_a_waiting_reader_passes_over_what_does_not_count(stream_url):
    job = uuid.uuid4()
    streams.publish(job, [sentence("new", 2)])
    (new,) = streams.read(job)
    streams.publish(job, [sentence("stale")])

    with soon(job, sentence("now", 2)):
        found = streams.read(job, after=new.id, wait=60)

    assert texts(found) == ["now"]


def test_readers_of_an_event_loop_hear_the_same_and_nobody_elses(stream_url):
    """Thirty wait at once; a third is cancelled in the middle of its wait."""
    rooms = [uuid.uuid4() for _ in range(30)]

    async def main():
        readers = [asyncio.create_task(streams.aread(room, wait=60)) for room in rooms]
        await asyncio.sleep(0.3)
        for reader in readers[::3]:
            reader.cancel()
        for room in rooms:
            await sync_to_async(streams.publish)(room, [sentence(f"for {room}")])
        found = await asyncio.gather(*readers, return_exceptions=True)
        again = await asyncio.gather(*(streams.aread(room) for room in rooms))
        await sync_to_async(connections.close_all)()
        return found, again

    found, again = asyncio.run(main())

    assert all(isinstance(one, asyncio.CancelledError) for one in found[::3])
    heard = [one for number, one in enumerate(found) if number % 3]
    assert [texts(one) for one in heard] == [[f"for {r}"] for n, r in enumerate(rooms) if n % 3]
    assert [texts(one) for one in again] == [[f"for {room}"] for room in rooms]


# -- the database ----------------------------------------------------------------------------------


def test_rows_expire_before_they_are_deleted(shop):
    shop(STREAM_EXPIRES=600.0)
    streams.publish(JOB, [sentence("old"), sentence("new")])
    StreamEvent.objects.filter(text="old").update(created_at=later(-601))

    read, deleted = streams.read(JOB), streams.prune()

    assert texts(read) == ["new"]
    assert deleted == 1
    assert list(StreamEvent.objects.values_list("text", flat=True)) == ["new"]


def test_a_newer_attempt_is_seen_though_its_row_has_a_smaller_key(shop):
    """Two workers write at a time, and the one that drew its key first commits last."""
    streams.publish(JOB, [sentence("new", 2), sentence("old")])
    (old,) = [event for event in streams.read(JOB) if event.attempt == 1]

    found = streams.read(JOB, after=old.id)

    assert [(event.kind, event.text) for event in found] == [("restart", ""), ("sentence", "new")]


# -- Redis -----------------------------------------------------------------------------------------


def test_a_stream_expires_and_is_kept_short(redis_server):
    import redis

    carrier = RedisStreams(redis_server.url, 90.5)
    job = uuid.uuid4()

    for _ in range(3):
        carrier.append(job, [sentence("x")] * 1000)

    client = redis.Redis.from_url(redis_server.url)
    assert 0 < client.ttl(f"{KEY}{job}") <= 91
    assert 1000 <= client.xlen(f"{KEY}{job}") < 1200
    client.close()


def test_every_reading_has_a_connection_of_its_own(redis_server):
    import redis

    client = redis.Redis.from_url(redis_server.url)
    carrier, ready = RedisStreams(redis_server.url, 60), threading.Barrier(6)
    before = client.info("clients")["connected_clients"]

    def wait():
        ready.wait()
        carrier.after(uuid.uuid4(), Place(), 2.0)

    threads = [threading.Thread(target=wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    ready.wait()
    until = time.monotonic() + 30
    while (blocked := client.info("clients")["blocked_clients"]) < 5 and time.monotonic() < until:
        time.sleep(0.01)
    for thread in threads:
        thread.join()

    assert blocked == 5
    assert client.info("clients")["connected_clients"] == before
    client.close()


def test_a_redis_that_is_away_is_said_and_found_again(own, caplog, monkeypatch):
    monkeypatch.setattr(redis_streams, "SILENCE", 0.05)
    carrier, job = RedisStreams(own.url, 60), uuid.uuid4()
    carrier.append(job, [sentence("before")])
    own.kill()
    for _ in range(5):
        with pytest.raises(StreamUnreachable):
            carrier.append(job, [sentence("lost")])
        with pytest.raises(StreamUnreachable):
            carrier.after(job, Place(), 0.5)
    own.start()
    time.sleep(0.1)

    carrier.append(job, [sentence("after")])

    assert texts(event for _, event in carrier.after(job, Place(), 0.0)) == ["before", "after"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_after_a_failure_nobody_waits_for_redis_a_while(own, monkeypatch):
    monkeypatch.setattr(redis_streams, "SILENCE", 3600.0)
    carrier = RedisStreams(own.url, 60)
    own.kill()
    for _ in range(2):
        with pytest.raises(StreamUnreachable):
            carrier.append(uuid.uuid4(), [sentence("lost")])
    own.start()

    with pytest.raises(StreamUnreachable):
        carrier.append(uuid.uuid4(), [sentence("lost, too")])


def test_the_setting_chooses(shop):
    shop(STREAM_URL=None)
    first = type(transport()).__name__
    shop(STREAM_URL="redis://localhost:1/0")

    assert (first, type(transport()).__name__) == ("Table", "RedisStreams")
