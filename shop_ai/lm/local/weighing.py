"""Batches of Choose, and of candidates to rank, between the decode steps of the loop. Imports torch."""

from __future__ import annotations

from collections import deque
from math import isfinite
from typing import TYPE_CHECKING

from torch import Tensor

from shop_ai.exceptions import BackendError, RequestTooLarge
from shop_ai.lm.base import Choose, Generate
from shop_ai.lm.local.choose import probabilities, recompute, weigh
from shop_ai.lm.local.precise import Precise
from shop_ai.lm.local.rows import Rows
from shop_ai.lm.local.static import StaticRows
from shop_ai.lm.local.ticket import Ticket, line_up

if TYPE_CHECKING:
    from shop_ai.lm.local.loop import Loop


class Weighing:
    """The waiting choices."""

    def __init__(self, loop: Loop, precise: Precise | None) -> None:
        self.loop = loop
        self.precise = precise
        """The float32 copy; none where the backend computes in float32 anyway."""
        self.waiting: deque[Ticket] = deque()

    def rank(self, ticket: Ticket) -> None:
        """Have the candidates of a Generate read as if they were answers to choose from."""
        ticket.answers = tuple(ticket.drawn[number] for number in sorted(ticket.drawn))
        line_up(self.waiting, ticket)

    def turn(self) -> None:
        """Answer one batch: the oldest request that may, and those asked alike that are about as long."""
        present = self.loop.changing.present
        oldest = next((ticket for ticket in self.waiting if ticket.request.adapter == present), None)
        if oldest is None:
            return
        same = [ticket for ticket in self.waiting if _alike(ticket, oldest)]
        batch = self._cut(self._lined_up(same, oldest))
        for ticket in batch:
            self.waiting.remove(ticket)
        try:
            copy = self._copy(batch)
        except BackendError as error:
            for ticket in batch:
                ticket.fail(type(error)(str(error)))
        else:
            self._weigh(batch, copy, seekers=len(same))

    def _lined_up(self, same: list[Ticket], oldest: Ticket) -> list[Ticket]:
        """Sorted by length from where the batch begins that has the oldest in it: short ones and long ones in
        one batch would be computed at the length of the longest. Somebody who waits goes first.
        """
        if oldest.request.urgent:
            return sorted(same, key=lambda ticket: (not ticket.request.urgent, ticket.distance(oldest)))
        by_length = sorted(same, key=lambda ticket: len(ticket.prompt))
        place = by_length.index(oldest)
        return by_length[place - place % self._most :]

    @property
    def _most(self) -> int:
        """Rows of a batch."""
        return max(1, int(self.loop.rows.scratch * self.loop.limits.share))

    def _copy(self, batch: list[Ticket]) -> Rows | StaticRows | None:
        """Where the batch is computed once more; nowhere unless that makes a difference."""
        if self.precise is None or not _wants_float32(batch[0]):
            return None
        return self.precise.rows(self.loop.changing.lora)

    def _cut(self, tickets: list[Ticket]) -> list[Ticket]:
        """As many as one forward pass may hold."""
        loop = self.loop
        longest = loop.limits.prefill_tokens(loop.network.prefill_rate)
        for number, ticket in enumerate(tickets[: self._most]):
            width = max(len(ticket.prompt.rest), len(tickets[0].prompt.rest))
            places = loop.rows.count + number + 1
            room = loop.limits.tokens * loop.limits.share
            if number and (
                (number + 1) * width > longest or places * max(ticket.length, tickets[0].length) > room
            ):
                return tickets[:number]
        return tickets[: self._most]

    def _weigh(self, batch: list[Ticket], copy: Rows | StaticRows | None, *, seekers: int) -> None:
        places = [self.loop.rows] if copy is None else [self.loop.rows, copy]
        outcome = self.loop._try(lambda: [self._totals(rows, batch, seekers) for rows in places])
        if isinstance(outcome, list):
            served, best = outcome[0].tolist(), outcome[-1].tolist()
            for ticket, totals, again in zip(batch, best, served, strict=True):
                self._tell(ticket, totals, again)
        elif len(batch) > 1:
            if outcome.memory:
                self.loop.limits.shrink()
            middle = len(batch) // 2
            self._weigh(batch[:middle], copy, seekers=seekers)
            self._weigh(batch[middle:], copy, seekers=seekers)
        elif outcome.memory:
            self.loop.limits.shrink()
            _give_up(batch[0], RequestTooLarge("There is not enough memory for this request."))
        else:
            _give_up(batch[0], BackendError(f"The language model failed on this request: {outcome.text}"))

    def _tell(self, ticket: Ticket, totals: list[float], served: list[float]) -> None:
        """Probabilities of a choice, or how likely each of the candidates is by its tokens' mean."""
        if isinstance(ticket.request, Generate):
            lengths = [len(answer) for answer in ticket.answers]
            ticket.answer_text([total / length for total, length in zip(totals, lengths, strict=True)])
        else:
            self._answer(ticket, totals, served)

    def _totals(self, rows: Rows | StaticRows, batch: list[Ticket], seekers: int) -> Tensor:
        prompts, answers = [ticket.prompt for ticket in batch], batch[0].answers
        if isinstance(rows, StaticRows):
            return recompute(rows.network, prompts, answers)
        shared = prompts[0].prefix if rows.worth_sharing(prompts[0].prefix, seekers) else ()
        longest = self.loop.limits.prefill_tokens(rows.network.prefill_rate)
        return weigh(rows, prompts, answers, shared, longest)

    def _answer(self, ticket: Ticket, totals: list[float], served: list[float]) -> None:
        """Calibrated as the adapter was for this skill; a float32 answer shows the served one beside it."""
        request, changing = _choose(ticket), self.loop.changing
        if not all(map(isfinite, totals)):
            ticket.fail(BackendError("The language model's numbers are out of range."))
            return
        known = changing.lora.manifest.temperatures if changing.lora else {}
        lengths = [len(answer) for answer in ticket.answers]
        temperature = known.get(request.skill, 1.0)
        best, other = (
            probabilities(sums, lengths, by_length=request.by_length, temperature=temperature)
            for sums in (totals, served)
        )
        ticket.provenance = {
            **changing.provenance,
            **({"calibration": temperature} if request.skill in known else {}),
            **({"dtype": "float32"} if request.precise else {}),
        }
        ticket.answer(probabilities=best, as_served=other if request.precise else ())


def _give_up(ticket: Ticket, error: BackendError) -> None:
    """A choice fails; candidates that could not be ranked are answered as they are."""
    if isinstance(ticket.request, Generate):
        ticket.answer_text([None] * ticket.rows)
    else:
        ticket.fail(error)


def _wants_float32(ticket: Ticket) -> bool:
    return isinstance(ticket.request, Choose) and ticket.request.precise


def _choose(ticket: Ticket) -> Choose:
    assert isinstance(ticket.request, Choose)  # noqa: S101 - the other kind is told apart before
    return ticket.request


def _alike(one: Ticket, other: Ticket) -> bool:
    """Whether two choices can be computed in one batch."""
    return (
        one.prompt.prefix == other.prompt.prefix
        and one.answers == other.answers
        and one.request.adapter == other.request.adapter
        and _wants_float32(one) == _wants_float32(other)
    )
