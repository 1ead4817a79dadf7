"""The manager and the loop on one device and one set of weights, in turns. Imports torch.

The manager's thread makes its steps whenever it has something to do. Before the loop computes, the manager
is paused between two steps, so no two forward passes ever run over each other: their memory does not add up,
each one's time is its own, and a device that hangs stops the progress of both. After a turn of the loop the
manager has as long for itself as that turn took: each has half of the time while both are busy.

The manager writes with the checkpoint's own weights only. What names an adapter is the loop's, which keeps
an adapter on for a while of its own and takes it off before the manager goes on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack

from shop_ai.lm.local.loop import Loop
from shop_ai.lm.local.ticket import Ticket
from shop_ai.lm.local.turns import TURN
from shop_ai.lm.local.writing import Writing

LOOK = 0.2
"""Seconds between two looks at who was cancelled."""


class Tandem:
    """Texts to the manager; choices and whatever does not suit the manager to the loop."""

    def __init__(self, loop: Loop, writing: Writing) -> None:
        self.loop, self.writing = loop, writing
        self.limits, self.network = loop.limits, loop.network
        self.changing, self.intake = loop.changing, loop.intake
        self._loop_from = 0.0
        """`time.monotonic()` of the loop's next turn, if the manager is busy until then."""
        self._busy = 0.0
        self._busy_since: float | None = None

    @property
    def nap(self) -> float | None:
        """Seconds that may pass before the next turn, if there are no news; None is for ever."""
        if not self.loop.idle:
            return max(0.0, self._loop_from - time.monotonic()) if self.writing.flying else 0.0
        return LOOK if self.writing.busy else None

    @property
    def news(self) -> bool:
        return self.writing.manager.news

    @property
    def rate(self) -> float:
        """Tokens written in a second of work."""
        return self.loop.tokens_out / self._busy if self._busy else 0.0

    def take(self, tickets: Sequence[Ticket]) -> None:
        for ticket in self.loop.accept(tickets):
            (self.writing.take if self.writing.suits(ticket) else self.loop.queue)(ticket)

    def turn(self) -> None:
        self._clock()
        self.writing.turn()
        if not self.loop.idle and not self.nap:
            self._loop_turn()
        self._clock()

    def everything(self) -> list[Ticket]:
        return [*self.writing.everything(), *self.loop.everything()]

    def close(self) -> None:
        self.writing.close()

    def _loop_turn(self) -> None:
        with ExitStack() as paused:
            try:
                paused.enter_context(self.writing.manager.pause())
            except RuntimeError:  # it has just died; the next turn sees to that
                return
            began = time.monotonic()
            self.loop.turn()
            while self.loop.changing.lora and not self.loop.idle and time.monotonic() - began < TURN:
                self.loop.turn()
            self.loop.changing.take_off()
            ended = time.monotonic()
        self._loop_from = ended + (ended - began)

    def _clock(self) -> None:
        now = time.monotonic()
        if self._busy_since is not None:
            self._busy += now - self._busy_since
        self._busy_since = None if self.loop.idle and not self.writing.busy else now
