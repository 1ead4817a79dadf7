"""What a way to readers must be able to do."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence

from shop_ai.streams.events import Event, Found, Place

MOST = 1000
"""Events of one job that are kept, and that are read at a time."""


class Transport(ABC):
    """Carries the events of jobs. Used by many threads at a time; nothing in it waits for ever."""

    @abstractmethod
    def append(self, job: uuid.UUID, events: Sequence[Event]) -> None:
        """Add events at the end of a job's stream, all or none."""

    @abstractmethod
    def after(self, job: uuid.UUID, place: Place, wait: float) -> list[Found]:
        """The events behind a place; where there are none, wait up to so many seconds for the first."""

    @abstractmethod
    async def aafter(self, job: uuid.UUID, place: Place, wait: float) -> list[Found]:
        """The same, for an event loop."""
