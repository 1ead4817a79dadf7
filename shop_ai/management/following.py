"""Printing what readers of jobs are told, while the jobs run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.models import QuerySet

from shop_ai import streams
from shop_ai.models import Job, State
from shop_ai.streams import Event

LOOK = 0.2
"""Seconds between two looks at the streams."""
LAST_WORDS = 5.0
"""Seconds to wait for ends when the work is done."""


@contextmanager
def followed(jobs: QuerySet[Job], write: Callable[[str], object]) -> Iterator[None]:
    """Print the events of these jobs, from a thread of its own, for as long as this lasts."""
    done = threading.Event()
    thread = threading.Thread(target=_follow, args=(jobs, write, done), name="shop_ai-follower", daemon=True)
    thread.start()
    try:
        yield
        thread.join(LAST_WORDS)
    finally:
        done.set()
        thread.join()


def _follow(jobs: QuerySet[Job], write: Callable[[str], object], done: threading.Event) -> None:
    places = dict.fromkeys(jobs.order_by("pk"), "")
    try:
        while places and not done.wait(LOOK):
            for job, place in list(places.items()):
                for event in streams.read(job.pk, after=place):
                    write(f"{job.target_id}: {_line(event)}")
                    places[job] = event.id
                    if event.kind == "end":
                        del places[job]
    finally:
        connections.close_all()


def _line(event: Event) -> str:
    if event.kind == "sentence":
        return event.text
    if event.kind == "restart":
        return "(begins again; what came before no longer counts)"
    said = State(event.state).label.lower()
    return f"({said}; the stored text is another)" if event.differs else f"({said})"
