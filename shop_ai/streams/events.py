"""The events of one job's stream, and what of them counts for a reader. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

_ID = re.compile(r"(\d{1,9})\.(\d{1,18}(?:-\d{1,18})?|end)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A checked sentence, a restart (what came before no longer counts), or the end."""

    kind: Literal["sentence", "restart", "end"]
    attempt: int
    """The job's fencing token: who reads of a newer attempt hears nothing more of an older one."""
    text: str = ""
    """The sentence."""
    state: str = ""
    """What the job came to; of an end."""
    differs: bool = False
    """The stored answer is not the text of the sentences: the job has it. Of an end."""
    id: str = ""
    """Where a reader goes on after this event; given when it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a reader has come: an attempt, and a place in the stream as its transport counts."""

    attempt: int = 0
    position: str = ""

    @classmethod
    def of(cls, id: str) -> Place:
        """Where the event of that id stands; the beginning for none, `ValueError` for what is no id."""
        if not id:
            return cls()
        match = _ID.fullmatch(id)
        if match is None:
            raise ValueError("This is not the id of an event.")
        return cls(attempt=int(match[1]), position=match[2])

    @property
    def number(self) -> int:
        """The position as a whole number."""
        return int(self.position.partition("-")[0] or 0)

    @property
    def ended(self) -> bool:
        return self.position == "end"


Found = tuple[str, Event]
"""An event with its position in the transport."""


def counting(found: Iterable[Found], place: Place) -> list[Event]:
    """What counts for a reader at that place: of older attempts nothing, before a newer one a restart."""
    attempt, events = place.attempt, []
    for position, event in found:
        if event.attempt < attempt:
            continue
        if event.attempt > attempt > 0 and event.kind != "restart":  # its own was lost on the way
            events.append(Event(kind="restart", attempt=event.attempt, id=f"{event.attempt}.0"))
        attempt = event.attempt
        events.append(replace(event, id=f"{attempt}.{position}"))
    return events


def past(found: Iterable[Found], place: Place) -> Place:
    """The place behind what did not count."""
    for position, _ in found:
        place = replace(place, position=position)
    return place
