"""The loop: newcomers enter and finished rows leave between two decode steps. Imports torch."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import torch
from torch import Tensor

from shop_ai.exceptions import BackendError, RequestTooLarge
from shop_ai.lm.base import Choose
from shop_ai.lm.local.changing import ChangeOver
from shop_ai.lm.local.intake import Intake
from shop_ai.lm.local.limits import KEPT, Limits, Trouble
from shop_ai.lm.local.network import Network
from shop_ai.lm.local.precise import Precise
from shop_ai.lm.local.rows import Rows
from shop_ai.lm.local.sampling import draw
from shop_ai.lm.local.shelf import Shelf
from shop_ai.lm.local.static import StaticRows
from shop_ai.lm.local.ticket import Row, Ticket, line_up
from shop_ai.lm.local.weighing import Weighing

log = logging.getLogger("shop_ai.lm")
T = TypeVar("T")

GROUP = 8
"""Prompts of one prefill; larger groups pad more and keep the others waiting."""
LOOKAHEAD = 32
"""Waiting requests among which companions of similar length are sought."""


class Dead(Exception):
    """The device will not come back in this process."""


class Loop:
    """Everything happens in one thread, in `turn`."""

    def __init__(
        self,
        network: Network,
        rows: Rows | StaticRows,
        intake: Intake,
        limits: Limits,
        *,
        shelf: Shelf,
        turn: float,
        precise: Precise | None = None,
    ) -> None:
        self.network, self.rows, self.intake, self.limits = network, rows, intake, limits
        self.waiting: deque[Ticket] = deque()
        self.active: list[Row] = []
        """In the order of the places in the cache."""
        self.weighing = Weighing(self, precise)
        self.changing = ChangeOver(self, shelf, turn)
        self._taken: list[Ticket] = []
        self.tokens_out = 0
        self.news = False
        """Nothing comes from elsewhere."""

    @property
    def idle(self) -> bool:
        return not (self.waiting or self.active or self.weighing.waiting or self.changing.parked)

    @property
    def nap(self) -> float | None:
        """Seconds that may pass before the next turn; None is for ever."""
        return None if self.idle else 0.0

    @property
    def rate(self) -> float:
        """Tokens written in a second of work."""
        return self.tokens_out / self.network.busy if self.network.busy else 0.0

    def take(self, tickets: Sequence[Ticket]) -> None:
        for ticket in self.accept(tickets):
            self.queue(ticket)

    def accept(self, tickets: Iterable[Ticket]) -> Iterator[Ticket]:
        """Prepare new requests; those that cannot be answered fail here, alone."""
        for ticket in tickets:
            try:
                if ticket.request.adapter is not None:
                    self.changing.shelf.look_up(ticket.request.adapter)
                self.intake.prepare(ticket)
            except Exception as error:
                ticket.fail(error if isinstance(error, BackendError) else BackendError(str(error)))
            else:
                yield ticket

    def queue(self, ticket: Ticket) -> None:
        """Let a prepared request wait for its turn."""
        self._taken.append(ticket)
        queue = self.weighing.waiting if isinstance(ticket.request, Choose) else self.waiting
        line_up(queue, ticket)

    @torch.inference_mode()
    def turn(self) -> None:
        """One round: who leaves, who enters, one batch of choices, one token for every row."""
        self._drop_cancelled()
        self.changing.turn()
        self._admit()
        self.weighing.turn()
        self._decode()
        if self.idle:
            self.rows.rest()

    def everything(self) -> list[Ticket]:
        """All unanswered requests, wherever they are at this moment."""
        self._taken = [ticket for ticket in self._taken if not ticket.settled]
        return self._taken

    def close(self) -> None:
        """There is nothing to end: no thread, no process."""

    # -- Leaving -------------------------------------------------------------------------------

    def _drop_cancelled(self) -> None:
        cancelled = [ticket for ticket in self.everything() if ticket.cancelled]
        if not cancelled:
            return
        for ticket in cancelled:
            ticket.drop()
        self.drop_settled()

    def drop_settled(self) -> None:
        """Let go of requests that were cancelled or have failed, wherever they are."""
        self.waiting = deque(ticket for ticket in self.waiting if not ticket.settled)
        self.weighing.waiting = deque(ticket for ticket in self.weighing.waiting if not ticket.settled)
        self._leave([row for row in self.active if row.ticket.settled])
        self.changing.drop_settled()

    def _leave(self, rows: Sequence[Row]) -> None:
        leaving = set(rows)
        for place in range(len(self.active) - 1, -1, -1):
            if self.active[place] in leaving:
                self.rows.remove(place)
                self.active[place] = self.active[-1]
                self.active.pop()

    # -- Entering ------------------------------------------------------------------------------

    def _admit(self) -> None:
        """Prefill one group; more while less than half of the room is in use."""
        while group := self._group():
            for ticket in group:
                self.waiting.remove(ticket)
            self._prefill(group)
            if len(self.active) * 2 >= self.limits.rows_now:
                return

    def _group(self) -> list[Ticket]:
        """The oldest request whose turn it is, and others of similar length and the same prefix that fit."""
        present = self.changing.present
        mine = (ticket for ticket in self.waiting if ticket.request.adapter == present)
        # a static batch is all there will be, so it is filled at once
        most = GROUP if self.rows.continuous else self.limits.rows_now
        first = list(islice(mine, max(LOOKAHEAD, 2 * most)))
        if not first:
            return []
        oldest, *others = first
        if oldest.alone and self.active:
            return []
        others = [
            other
            for other in others
            if other.prompt.prefix == oldest.prompt.prefix
            and not other.alone
            and other.request.urgent >= oldest.request.urgent  # who waits does not wait for bulk's prompts
        ]
        others.sort(key=lambda other: (not other.request.urgent, other.distance(oldest)))
        group: list[Ticket] = []
        for ticket in [oldest, *([] if oldest.alone else others)]:
            if len(group) == most or not self._fits([*group, ticket]):
                break
            group.append(ticket)
        return group

    def _fits(self, group: Sequence[Ticket]) -> bool:
        rows = len(self.active) + sum(ticket.rows for ticket in group)
        longest = max([ticket.length for ticket in group] + [row.ticket.length for row in self.active])
        if not self.active and len(group) == 1:
            return True  # alone, everything that passed the intake is tried
        prefill = len(group) * max(len(ticket.prompt.rest) for ticket in group)
        urgent = all(ticket.request.urgent for ticket in group)
        tokens = self.limits.tokens * self.limits.share * (1 if urgent else 1 - KEPT)
        return (
            rows <= (self.limits.most_now if urgent else self.limits.rows_now)
            and rows * longest <= tokens - self.changing.parked_tokens
            and (len(group) == 1 or prefill <= self.limits.prefill_tokens(self.network.prefill_rate))
            and (self.rows.continuous or not self.active)
        )

    def _prefill(self, group: list[Ticket]) -> None:
        prefix = group[0].prompt.prefix
        seekers = len(group) + sum(ticket.prompt.prefix == prefix for ticket in self.waiting)
        shared = prefix if self.rows.worth_sharing(prefix, seekers) else ()
        longest = self.limits.prefill_tokens(self.network.prefill_rate)
        prompts = [ticket.prompt for ticket in group]
        copies = [ticket.rows for ticket in group]
        outcome = self._try(lambda: self.rows.prefill(prompts, shared, longest, copies))
        if isinstance(outcome, Tensor):
            self._enter(group, outcome)
        elif outcome.memory:
            self._no_room(group)
        elif len(group) > 1:  # halves, until the one that breaks it is alone
            middle = len(group) // 2
            self._prefill(group[:middle])
            if self.rows.continuous or not self.active:
                self._prefill(group[middle:])
            else:
                self.waiting.extendleft(reversed(group[middle:]))
        else:
            group[0].fail(BackendError(f"The language model failed on this request: {outcome.text}"))

    def _enter(self, group: Sequence[Ticket], logits: Tensor) -> None:
        order = self.rows.keep([len(t.prompt) for t in group], [t.rows for t in group])
        numbers: dict[Ticket, int] = {}
        rows = []
        for index in order:
            ticket = group[index]
            ticket.provenance = self.changing.provenance
            number = numbers[ticket] = numbers.get(ticket, -1) + 1
            rows.append(self.intake.row(ticket, number))
        self.active += rows
        self._write(rows, logits[order])

    # -- Writing -------------------------------------------------------------------------------

    def _decode(self) -> None:
        if not self.active:
            return
        self._too_much()
        parts = self._step(0, len(self.active))
        if parts is not None:
            self.rows.advance()
            self._write(self.active, torch.cat(parts))

    def _too_much(self) -> None:
        """After a shrink: put back whom there is no room for."""
        while len(self.active) > max(self.limits.most_now, self.active[0].ticket.rows):
            self._put_back(self.active[-1].ticket)

    def _step(self, first: int, last: int) -> list[Tensor] | None:
        """Logits of the rows first … last; none when the batch has changed and must be tried again."""
        tokens = [row.tokens[-1] for row in self.active[first:last]]
        outcome = self._try(lambda: self.rows.decode(tokens, first, last))
        if isinstance(outcome, Tensor):
            return [outcome]
        if outcome.memory:
            self._too_many()
            return None
        if last - first > 1 and self.rows.continuous:
            middle = (first + last) // 2
            left = self._step(first, middle)
            right = None if left is None else self._step(middle, last)
            return None if left is None or right is None else left + right
        if last - first > 1:  # a static batch cannot be cut up: each on its own
            self._put_back_all(alone=True)
            return None
        for row in self.active[first:last]:
            row.error = outcome.text
        return [torch.zeros((last - first, self.network.vocabulary), device=self.network.device)]

    def _write(self, rows: Sequence[Row], logits: Tensor) -> None:
        """Give each row its next token; who is finished or broken leaves."""
        leaving = []
        for row, token in zip(list(rows), draw(logits, rows), strict=True):
            try:
                self.intake.write(row, token)
                self.intake.tell(row)
            except BackendError as error:  # of who listens
                row.error = str(error)
                row.ticket.fail(error)
            except Exception as error:
                row.error = Trouble.of(error).text
            if row.error:
                row.ticket.fail(BackendError(f"The language model failed on this request: {row.error}"))
            elif row.finish:
                self.finish(row)
            if row.error or row.finish:
                leaving.append(row)
        broken = {row.ticket for row in leaving if row.error}
        self._leave([*leaving, *(row for row in self.active if row.ticket in broken)])

    def finish(self, row: Row) -> None:
        """Keep a complete row; with the last one of a request its candidates are ranked or answered."""
        self.tokens_out += len(row.tokens)
        ticket = row.ticket
        if not ticket.finish(row, self.intake.candidate(row)):
            return
        if row.request.rank:
            self.weighing.rank(ticket)
        else:
            ticket.answer_text([None] * ticket.rows)

    # -- Trouble -------------------------------------------------------------------------------

    def _try(self, work: Callable[[], T]) -> T | Trouble:
        """The result, or what went wrong; the traceback, and the tensors in it, are gone by then."""
        try:
            result = work()
        except Exception as error:
            trouble = Trouble.of(error)
            log.warning("A forward pass failed: %s", trouble.text)
        else:
            self.limits.went_well()
            return result
        if trouble.fatal:
            raise Dead(trouble.text)
        return trouble

    def _no_room(self, group: Sequence[Ticket]) -> None:
        """Memory ran out in a prefill: again with half the budget. One that was alone is too large."""
        self.limits.shrink()
        if len(group) > 1 or self.active:
            group[0].alone = len(group) == 1
            self.waiting.extendleft(reversed(group))
        else:
            group[0].fail(RequestTooLarge("There is not enough memory for this request."))

    def _too_many(self) -> None:
        """Memory ran out in a decode step: the later half begins again when there is room."""
        self.limits.shrink()
        tickets = list(dict.fromkeys(row.ticket for row in self.active))
        if len(tickets) == 1:
            self._leave(self.active)
            tickets[0].fail(RequestTooLarge("There is not enough memory for this request."))
        elif not self.rows.continuous:
            self._put_back_all(alone=False)
        else:
            for ticket in reversed(tickets[len(tickets) // 2 :]):
                self._put_back(ticket)

    def _put_back_all(self, *, alone: bool) -> None:
        for ticket in reversed(list(dict.fromkeys(row.ticket for row in self.active))):
            ticket.alone = ticket.alone or alone
            self._put_back(ticket)

    def _put_back(self, ticket: Ticket) -> None:
        self._leave([row for row in self.active if row.ticket is ticket])
        ticket.restart()
        self.waiting.appendleft(ticket)
