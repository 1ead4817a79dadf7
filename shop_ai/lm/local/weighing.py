"""Batches of Choose, and of candidates to rank, between the decode steps of the loop. Imports torch."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from torch import Tensor

from shop_ai.exceptions import BackendError, RequestTooLarge
from shop_ai.lm.base import Generate
from shop_ai.lm.local.choose import probabilities, recompute, weigh
from shop_ai.lm.local.static import StaticRows
from shop_ai.lm.local.ticket import Ticket

if TYPE_CHECKING:
    from shop_ai.lm.local.loop import Loop


class Weighing:
    """The waiting choices."""

    def __init__(self, loop: Loop, *, by_length: bool = False) -> None:
        self.loop = loop
        self.by_length = by_length
        self.waiting: deque[Ticket] = deque()

    def rank(self, ticket: Ticket) -> None:
        """Have the candidates of a Generate read as if they were answers to choose from."""
        ticket.answers = tuple(ticket.drawn[number] for number in sorted(ticket.drawn))
        self.waiting.append(ticket)

    def turn(self) -> None:
        """Answer one batch: the oldest request and all that share its prefix and answers, by length."""
        if not self.waiting:
            return
        oldest = self.waiting[0]
        same = [
            ticket
            for ticket in self.waiting
            if ticket.prompt.prefix == oldest.prompt.prefix and ticket.answers == oldest.answers
        ]
        same.sort(key=lambda ticket: abs(len(ticket.prompt) - len(oldest.prompt)))
        batch = self._cut(same)
        for ticket in batch:
            self.waiting.remove(ticket)
        self._weigh(batch, seekers=len(same))

    def _cut(self, tickets: list[Ticket]) -> list[Ticket]:
        """As many as one forward pass may hold."""
        loop = self.loop
        longest = loop.limits.prefill_tokens(loop.network.prefill_rate)
        rows = max(1, int(loop.rows.scratch * loop.limits.share))
        for number, ticket in enumerate(tickets[:rows]):
            width = max(len(ticket.prompt.rest), len(tickets[0].prompt.rest))
            places = loop.rows.count + number + 1
            room = loop.limits.tokens * loop.limits.share
            if number and (
                (number + 1) * width > longest or places * max(ticket.length, tickets[0].length) > room
            ):
                return tickets[:number]
        return tickets[:rows]

    def _weigh(self, batch: list[Ticket], *, seekers: int) -> None:
        outcome = self.loop._try(lambda: self._totals(batch, seekers))
        if isinstance(outcome, Tensor):
            for ticket, totals in zip(batch, outcome.tolist(), strict=True):
                self._tell(ticket, totals)
        elif len(batch) > 1:
            if outcome.memory:
                self.loop.limits.shrink()
            middle = len(batch) // 2
            self._weigh(batch[:middle], seekers=seekers)
            self._weigh(batch[middle:], seekers=seekers)
        elif outcome.memory:
            self.loop.limits.shrink()
            _give_up(batch[0], RequestTooLarge("There is not enough memory for this request."))
        else:
            _give_up(batch[0], BackendError(f"The language model failed on this request: {outcome.text}"))

    def _tell(self, ticket: Ticket, totals: list[float]) -> None:
        lengths = [len(answer) for answer in ticket.answers]
        if isinstance(ticket.request, Generate):
            ticket.answer_text([total / length for total, length in zip(totals, lengths, strict=True)])
        else:
            ticket.answer(probabilities=probabilities(totals, lengths, by_length=self.by_length))

    def _totals(self, batch: list[Ticket], seekers: int) -> Tensor:
        rows, prompts, answers = self.loop.rows, [ticket.prompt for ticket in batch], batch[0].answers
        if isinstance(rows, StaticRows):
            return recompute(self.loop.network, prompts, answers)
        shared = prompts[0].prefix if rows.worth_sharing(prompts[0].prefix, seekers) else ()
        longest = self.loop.limits.prefill_tokens(self.loop.network.prefill_rate)
        return weigh(rows, prompts, answers, shared, longest)


def _give_up(ticket: Ticket, error: BackendError) -> None:
    """A choice fails; candidates that could not be ranked are answered as they are."""
    if isinstance(ticket.request, Generate):
        ticket.answer_text([None] * ticket.rows)
    else:
        ticket.fail(error)
