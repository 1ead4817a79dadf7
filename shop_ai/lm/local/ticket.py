"""What the loop keeps of a request on its way to an answer. Imports no torch."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from shop_ai.lm import futures
from shop_ai.lm.base import Candidate, Completion, Generate, Request
from shop_ai.lm.listening import Listener

if TYPE_CHECKING:
    from shop_ai.lm.local.growing import Growing
    from shop_ai.lm.local.masks import Guide


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids. The prefix is trusted text only, so it may be shared between requests."""

    prefix: tuple[int, ...]
    rest: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.prefix) + len(self.rest)


@dataclass(slots=True, eq=False)
class Ticket:
    """A request, its Future, and the candidates that are finished."""

    request: Request
    future: Future[Completion]
    prompt: Prompt = field(default_factory=lambda: Prompt((), ()))
    guide: Guide | None = None
    """The grammar of the schema; every candidate gets a copy."""
    answers: tuple[tuple[int, ...], ...] = ()
    """The token ids of the answers of a Choose."""
    alone: bool = False
    """To be computed without batch-mates, because something in its last batch failed."""
    started: float = 0.0
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """What the answer is made with: the adapter and its hash."""
    done: dict[int, Candidate] = field(default_factory=dict)
    drawn: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The token ids of each candidate, the one that ended it included."""
    settled: bool = False
    listener: Listener = field(init=False)

    def __post_init__(self) -> None:
        self.listener = Listener(self.request, self.future)

    @property
    def cancelled(self) -> bool:
        return self.future.cancelled()

    @property
    def rows(self) -> int:
        return self.request.n if isinstance(self.request, Generate) else 1

    @property
    def length(self) -> int:
        """The most tokens one of its rows can come to."""
        more = self.request.max_tokens if isinstance(self.request, Generate) else max(map(len, self.answers))
        return len(self.prompt) + more

    def distance(self, other: Ticket) -> int:
        """Tokens by which the prompts differ in length."""
        return abs(len(self.prompt) - len(other.prompt))

    def restart(self) -> None:
        self.done.clear()

    def finish(self, row: Row, candidate: Candidate) -> bool:
        """Keep one candidate; whether it was the last."""
        self.done[row.number] = candidate
        self.drawn[row.number] = row.drawn
        return len(self.done) == self.rows

    def answer_text(self, scores: Sequence[float | None]) -> None:
        """Answer with the candidates, which are all there."""
        numbered = sorted(self.done)
        candidates = tuple(
            replace(self.done[number], score=score) for number, score in zip(numbered, scores, strict=True)
        )
        self.answer(candidates=candidates, tokens_out=sum(c.tokens for c in candidates))

    def answer(
        self,
        *,
        candidates: tuple[Candidate, ...] = (),
        probabilities: tuple[float, ...] = (),
        as_served: tuple[float, ...] = (),
        tokens_out: int = 0,
    ) -> None:
        completion = Completion(
            candidates=candidates,
            probabilities=probabilities,
            as_served=as_served,
            provenance=self.provenance,
            tokens_in=len(self.prompt),
            tokens_out=tokens_out,
            milliseconds=round((time.monotonic() - self.started) * 1000),
        )
        if not self.settled:
            self.settled = True
            futures.answer(self.future, completion)

    def fail(self, error: Exception) -> None:
        if not self.settled:
            self.settled = True
            futures.fail(self.future, error)

    def drop(self) -> None:
        """Cancel it, or notice that it was."""
        if not self.settled:
            self.settled = True
            futures.cancel(self.future)


Waiting = TypeVar("Waiting", Ticket, "Row")


def line_up(queue: deque[Waiting], *newcomers: Waiting) -> None:
    """Urgent ones go before the others, each kind in the order of arrival."""
    place = len(queue)
    if newcomers[0].request.urgent:
        place = next((n for n, other in enumerate(queue) if not other.request.urgent), place)
    for number, newcomer in enumerate(newcomers):
        queue.insert(place + number, newcomer)


@dataclass(slots=True, eq=False)
class Row:
    """One candidate that is being written: a row of the batch."""

    ticket: Ticket
    number: int
    random: Random
    guide: Guide | None = None
    tokens: list[int] = field(default_factory=list)
    growing: Growing | None = None
    """Its text so far, where somebody listens to it."""
    end: int | None = None
    """The token that ended it."""
    error: str = ""
    finish: str = ""

    @property
    def drawn(self) -> tuple[int, ...]:
        return tuple(self.tokens) if self.end is None else (*self.tokens, self.end)

    @property
    def request(self) -> Generate:
        assert isinstance(self.ticket.request, Generate)  # noqa: S101 - only a Generate has rows
        return self.ticket.request
