"""Streams through the database, for stores without Redis: readers look every now and then."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from shop_ai.models import StreamEvent
from shop_ai.models.clock import later
from shop_ai.streams.events import Event, Found, Place
from shop_ai.streams.transport import MOST, Transport

LOOK = 0.25
"""Seconds between two looks at the table."""
CARRIED = ("kind", "attempt", "text", "state", "differs")


class Table(Transport):
    """Rows of `StreamEvent`; the sweep takes away those that have expired."""

    def __init__(self, expires: float) -> None:
        self.expires = expires

    def append(self, job: uuid.UUID, events: Sequence[Event]) -> None:
        StreamEvent.objects.bulk_create(
            StreamEvent(job=job, created_at=Now(), **{name: getattr(event, name) for name in CARRIED})
            for event in events
        )

    def after(self, job: uuid.UUID, place: Place, wait: float) -> list[Found]:
        found = self._rows(job, place)
        if not found and wait > 0:
            time.sleep(min(wait, LOOK))
        return found

    async def aafter(self, job: uuid.UUID, place: Place, wait: float) -> list[Found]:
        found = await sync_to_async(self._rows)(job, place)
        if not found and wait > 0:
            await asyncio.sleep(min(wait, LOOK))
        return found

    def prune(self) -> int:
        """Delete what has expired; how many rows."""
        deleted, _ = StreamEvent.objects.filter(created_at__lte=later(-self.expires)).delete()
        return deleted

    def _rows(self, job: uuid.UUID, place: Place) -> list[Found]:
        """By attempt, then by key: a newer attempt's row may be committed after an older one's larger key."""
        behind = Q(attempt=place.attempt, id__gt=place.number) | Q(attempt__gt=place.attempt)
        rows: QuerySet[StreamEvent, dict[str, Any]] = (
            StreamEvent.objects.filter(behind, job=job, created_at__gt=later(-self.expires))
            .order_by("attempt", "id")
            .values("id", *CARRIED)[:MOST]
        )
        return [(str(row.pop("id")), Event(**row)) for row in rows]
