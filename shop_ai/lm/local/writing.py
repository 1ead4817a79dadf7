"""Texts in the manager's batch: what waits, what is in flight, what became of it. Imports torch."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

from shop_ai.exceptions import BackendError
from shop_ai.lm.base import Generate
from shop_ai.lm.local.limits import KEPT, Trouble
from shop_ai.lm.local.loop import Dead, Loop
from shop_ai.lm.local.manager import Manager, Size
from shop_ai.lm.local.ticket import Row, Ticket, line_up

log = logging.getLogger("shop_ai.lm")

FLOOR = 1 / 8
"""The smallest share of its size that the manager is started with again."""
SUSPECTS = 1024
"""Requests that are remembered because the manager broke down over one of them."""


class Writing:
    """The manager's books: it delivers nothing for a cancelled request and does not outlive its first error.

    Each candidate is a request of its own to the manager.
    """

    def __init__(self, start: Callable[[Size], Manager], size: Size, loop: Loop) -> None:
        self.loop = loop
        self.waiting: deque[Row] = deque()
        self.flying: dict[str, Row] = {}
        """By the name that the manager knows a row by."""
        self._taken: list[Ticket] = []
        self._suspects: deque[int] = deque(maxlen=SUSPECTS)
        self._names = map(str, count())
        self._start = start
        self.size = size
        self.manager = self._started()

    @property
    def busy(self) -> bool:
        return bool(self.waiting or self.flying)

    def suits(self, ticket: Ticket) -> bool:
        """Whether the manager can write this; else the loop does.

        Adapters need other weights. A request over
        which the manager may have broken down is tried in the loop, where a forward pass that fails costs
        nobody else anything.
        """
        return (
            isinstance(ticket.request, Generate)
            and ticket.request.adapter is None
            and self.manager.needs(ticket.length) <= self.manager.capacity
            and hash(ticket.prompt) not in self._suspects
        )

    def take(self, ticket: Ticket) -> None:
        self._taken.append(ticket)
        line_up(self.waiting, *(self.loop.intake.row(ticket, number) for number in range(ticket.rows)))

    def turn(self) -> None:
        """Who is finished, who is no longer wanted, who enters."""
        for output in self.manager.take():
            self._hear(output)
        if trouble := self.manager.trouble:
            self._begin_anew(trouble)
        self._let_go()
        self._admit()

    def everything(self) -> list[Ticket]:
        """All unanswered requests."""
        self._taken = [ticket for ticket in self._taken if not ticket.settled]
        return self._taken

    def close(self) -> None:
        self.manager.close()

    # -- Leaving -------------------------------------------------------------------------------

    def _hear(self, output: Any) -> None:
        """Take over the new tokens of a row."""
        row = self.flying.get(output.request_id)
        if row is None:  # cancelled in the meantime
            return
        for token in output.generated_tokens[len(row.tokens) :]:
            self.loop.intake.write(row, token)
            try:
                self.loop.intake.tell(row)
            except BackendError as error:  # of who listens
                row.ticket.fail(error)
                return
        if row.error:
            row.ticket.fail(BackendError(f"The language model failed on this request: {row.error}"))
            return
        if not output.is_finished():
            return
        del self.flying[output.request_id]
        if output.error is not None:
            row.ticket.fail(BackendError(f"The language model failed on this request: {output.error}"))
        else:
            self.loop.finish(row)

    def _let_go(self) -> None:
        """Drop the rows of requests that were cancelled or have failed."""
        for ticket in self.everything():
            if ticket.cancelled:
                ticket.drop()
        for name in [name for name, row in self.flying.items() if row.ticket.settled]:
            self.manager.cancel(name)
            del self.flying[name]
        if any(row.ticket.settled for row in self.waiting):
            self.waiting = deque(row for row in self.waiting if not row.ticket.settled)

    # -- Entering ------------------------------------------------------------------------------

    def _admit(self) -> None:
        """As many as fit with all that they may come to: a cache that is too small would end everything."""
        used = sum(self.manager.needs(row.ticket.length) for row in self.flying.values())
        while self.waiting:
            row, urgent = self.waiting[0], self.waiting[0].request.urgent
            if len(self.flying) >= self.size.rows + (self.size.kept if urgent else 0):
                return
            used += self.manager.needs(row.ticket.length)
            if self.flying and used > self.manager.capacity * (1 if urgent else 1 - KEPT):
                return
            self.waiting.popleft()
            name = next(self._names)
            self.flying[name] = row
            request, prompt = row.request, row.ticket.prompt
            ids = (*prompt.prefix, *prompt.rest)
            tell = row.growing is not None
            guide = row.guide.copy() if row.guide else None
            self.manager.add(name, ids, request.max_tokens, request.sampling, guide=guide, tell=tell)

    # -- Trouble -------------------------------------------------------------------------------

    def _begin_anew(self, trouble: Trouble) -> None:
        """The manager died: what it had is given back uncharged, and it starts again with half the memory."""
        log.warning("The batch of free text broke down: %s", trouble.text)
        if trouble.fatal:
            raise Dead(trouble.text)
        if not trouble.memory:
            self._suspects += {hash(row.ticket.prompt) for row in self.flying.values()}
        for ticket in self.everything():
            ticket.drop()  # a cancelled Future is how the worker learns to release its job
        self.waiting.clear()
        self.flying.clear()
        self.manager.close()
        self._shrink(trouble)
        self.manager = self._started()

    def _started(self) -> Manager:
        while True:
            try:
                return self._start(self.size)
            except Exception as error:
                trouble = Trouble.of(error)
                if not trouble.memory:
                    raise
            self._shrink(trouble)  # outside, where the traceback and its tensors are gone

    def _shrink(self, trouble: Trouble) -> None:
        self.size = self.size.halved()
        if self.size.share < FLOOR:
            raise Dead(
                f"The batch of free text broke down with {2 * self.size.share:.0%} of its memory as well, "
                f"and is not tried with less: {trouble.text}"
            )
