"""Reading a job's stream from any place of it, to an end that the job's row knows where nobody told it."""

from __future__ import annotations

import asyncio
import time
import uuid

from asgiref.sync import sync_to_async

from shop_ai.exceptions import StreamUnreachable
from shop_ai.models import Job
from shop_ai.models.clock import later
from shop_ai.models.job import TERMINAL
from shop_ai.streams.events import Event, Place, counting, past
from shop_ai.streams.transports import transport

LOOK = 1.0
"""Seconds after which a waiting reader looks at the job's row."""
SETTLES = 2.0
"""Seconds after a job's end in which its last events may still come."""


def read(job: uuid.UUID, *, after: str = "", wait: float = 0.0) -> list[Event]:
    """The events behind the one with the id `after`; where there are none, wait up to so many seconds.

    The last one is an end: the job has the answer. `ValueError` when `after` is no id of an event.
    """
    place, until = Place.of(after), time.monotonic() + wait
    while True:
        left = max(0.0, until - time.monotonic())
        try:
            found = [] if place.ended else transport().after(job, place, min(left, LOOK))
        except StreamUnreachable:
            found = []
            time.sleep(min(left, LOOK))
        if (events := counting(found, place) or _end(job, place)) or not left:
            return events
        place = past(found, place)


async def aread(job: uuid.UUID, *, after: str = "", wait: float = 0.0) -> list[Event]:
    """The same, for an event loop; whoever is cancelled leaves nothing behind for other readers."""
    place, until = Place.of(after), time.monotonic() + wait
    while True:
        left = max(0.0, until - time.monotonic())
        try:
            found = [] if place.ended else await transport().aafter(job, place, min(left, LOOK))
        except StreamUnreachable:
            found = []
            await asyncio.sleep(min(left, LOOK))
        _heed_cancellation()
        if (events := counting(found, place) or await sync_to_async(_end)(job, place)) or not left:
            return events
        place = past(found, place)


def _heed_cancellation() -> None:
    """Redis' client and asgiref may swallow one; the reader would wait on for somebody who has left."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _end(job: uuid.UUID, place: Place) -> list[Event]:
    """The end that the job's row tells, once nobody else will."""
    ended = Job.objects.filter(pk=job, state__in=TERMINAL)
    if not place.ended:
        ended = ended.filter(finished_at__lte=later(-SETTLES))
    return [
        Event(kind="end", attempt=attempt, state=state, differs=True, id=f"{attempt}.end")
        for attempt, state in ended.values_list("attempt", "state")
    ]
