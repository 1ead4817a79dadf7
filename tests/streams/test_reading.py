"""The end of a stream is known to the job's row, whoever told it or did not."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from shop_ai import jobs, streams
from shop_ai.models import Job
from shop_ai.models.clock import later
from shop_ai.streams import Event
from shop_ai.streams.transports import transport
from tests.shop import product
from tests.streams.skills import SKILLS


def ended(job):
    """It was cancelled some time ago."""
    jobs.cancel(Job.objects.filter(pk=job.pk))
    Job.objects.filter(pk=job.pk).update(finished_at=later(-3))


def test_a_live_job_has_no_end(job):
    assert streams.read(job.pk) == []


def test_an_ended_job_tells_its_end_where_nobody_else_does(job):
    ended(job)

    (end,) = streams.read(job.pk)

    assert (end.kind, end.state, end.differs) == ("end", "cancelled", True)
    assert streams.read(job.pk, after=end.id) == [end]


def test_events_come_before_the_end_of_the_row(job):
    said = Event(kind="sentence", attempt=1, text="One.")
    streams.publish(job.pk, [said])
    ended(job)

    (first,) = streams.read(job.pk)
    (last,) = streams.read(job.pk, after=first.id)

    assert (first.text, last.kind) == ("One.", "end")


def test_a_job_that_has_just_ended_may_still_have_something_to_say(job):
    jobs.cancel(Job.objects.filter(pk=job.pk))

    assert streams.read(job.pk) == []
    assert streams.read(job.pk, wait=60)[0].kind == "end"


def test_an_event_loop_hears_of_the_end(job):
    ended(job)

    async def main():
        found = await streams.aread(job.pk)
        again = await streams.aread(job.pk, after=found[0].id, wait=60)
        await sync_to_async(connections.close_all)()
        return found, again

    found, again = asyncio.run(main())

    assert found == again
    assert (found[0].kind, found[0].state) == ("end", "cancelled")


@pytest.mark.django_db(transaction=True)
def test_without_a_transport_the_end_is_read_all_the_same(shop):
    shop(SKILLS=SKILLS, STREAM_URL="redis://127.0.0.1:1/0")
    jobs.enqueue("tell_text", product())
    job = Job.objects.get()
    before = streams.read(job.pk, wait=0.2)
    ended(job)

    async def main():
        found = await streams.aread(job.pk, wait=60)
        await sync_to_async(connections.close_all)()
        return found

    assert before == []
    assert [event.kind for event in streams.read(job.pk)] == ["end"]
    assert [event.kind for event in asyncio.run(main())] == ["end"]


@pytest.mark.django_db(transaction=True)
def test_a_job_that_never_was_has_nothing_to_say(carried):
    assert streams.read(uuid.uuid4(), wait=0.1) == []


@pytest.mark.django_db(transaction=True)
def test_a_cancellation_that_a_library_swallows_is_heeded(shop, monkeypatch):
    """redis-py did so now and then when it came while a connection was made."""
    shop(SKILLS=SKILLS)
    asked = asyncio.Event()

    async def swallows(*args):
        asked.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(5)
        return []

    monkeypatch.setattr(transport(), "aafter", swallows)

    async def main():
        reader = asyncio.create_task(streams.aread(uuid.uuid4(), wait=1))
        await asked.wait()
        reader.cancel()
        return await asyncio.gather(reader, return_exceptions=True)

    (found,) = asyncio.run(main())

    assert isinstance(found, asyncio.CancelledError)
