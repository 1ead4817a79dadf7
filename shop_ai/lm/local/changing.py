"""From one adapter to the next between two decode steps: rows are parked, never mixed. Imports torch."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shop_ai.exceptions import AdapterError
from shop_ai.lm.local.limits import Trouble
from shop_ai.lm.local.lora import Adapted, Lora
from shop_ai.lm.local.shelf import Shelf
from shop_ai.lm.local.ticket import Row, Ticket
from shop_ai.lm.local.turns import TURN, Adapter, Turns

if TYPE_CHECKING:
    from shop_ai.lm.local.loop import Loop


@dataclass(frozen=True, slots=True)
class Parked:
    """Rows whose turn is over: they go on where they stopped, under the same weights."""

    rows: list[Row]
    state: Any
    """Their keys and values."""
    sha256: str
    tokens: int
    """What they may still come to in the cache."""


class ChangeOver:
    """The present adapter, and who waits for another one."""

    def __init__(self, loop: Loop, shelf: Shelf, limit: float = TURN) -> None:
        self.loop, self.shelf = loop, shelf
        self.weights = Adapted(loop.network.model)
        self.turns = Turns(limit)
        self.parked: dict[Adapter, Parked] = {}
        self.count = 0
        """How often the weights were changed."""

    @property
    def present(self) -> Adapter:
        return self.turns.present

    @property
    def lora(self) -> Lora | None:
        return self.weights.lora

    @property
    def parked_tokens(self) -> int:
        return sum(parked.tokens for parked in self.parked.values())

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What an answer that begins now is made with."""
        if self.lora is None:
            return {}
        return {"adapter": self.present, "adapter_sha256": self.lora.manifest.weights_sha256}

    def turn(self) -> None:
        """Change over when it is another adapter's turn."""
        now = time.monotonic()
        wanted = self.turns.next(self._waiting(), busy=bool(self.loop.active), now=now)
        if wanted == self.present:
            return
        try:
            lora = None if wanted is None else self._taken(wanted)
        except Exception as error:
            self._fail(wanted, error)
            return
        self._park()
        self._begin(self._merged(wanted, lora))

    def take_off(self) -> None:
        """Put the checkpoint's own weights back, for whoever else computes with them."""
        if self.lora is not None:
            self._park()
            self._begin(self._merged(None, None))

    def _taken(self, name: str) -> Lora:
        lora = self.shelf.take(name)
        self.weights.check(lora)
        return lora

    def drop_settled(self) -> None:
        """Let go of parked rows that nobody waits for any more."""
        for adapter, parked in list(self.parked.items()):
            if all(row.ticket.settled for row in parked.rows):
                del self.parked[adapter]

    def _waiting(self) -> dict[Adapter, float]:
        """Adapter → when its oldest unanswered request came, of those that are not being computed."""
        tickets = [*self.loop.waiting, *self.loop.weighing.waiting]
        tickets += [row.ticket for parked in self.parked.values() for row in parked.rows]
        oldest: dict[Adapter, float] = {}
        for ticket in tickets:
            adapter = ticket.request.adapter
            oldest[adapter] = min(ticket.started, oldest.get(adapter, ticket.started))
        return oldest

    def _park(self) -> None:
        loop = self.loop
        if not loop.active:
            return
        state = loop._try(loop.rows.park)
        if isinstance(state, Trouble):  # no memory for a copy: they begin again when it is their turn
            loop.limits.shrink()
            loop._put_back_all(alone=False)
            return
        sha256, tokens = _sha256(self.lora), sum(row.ticket.length for row in loop.active)
        self.parked[self.present] = Parked(loop.active, state, sha256, tokens)
        loop.active = []

    def _merged(self, wanted: Adapter, lora: Lora | None) -> Adapter:
        """Change the weights; the adapter they have now, which is none where the wanted one failed."""
        outcome = self.loop._try(lambda: self.weights.put_on(lora))
        if isinstance(outcome, Trouble):
            if self.lora is not None:
                raise RuntimeError(f"The checkpoint's own weights could not be restored ({outcome.text}).")
            self._fail(wanted, AdapterError(f"The adapter {wanted} could not be merged ({outcome.text})."))
            wanted = None
        self.count += 1
        self.loop.network.progress()
        return wanted

    def _begin(self, adapter: Adapter) -> None:
        """A turn begins; keys and values of other weights are forgotten."""
        loop = self.loop
        loop.rows.forget()
        self.turns.begin(adapter, time.monotonic())
        parked = self.parked.pop(adapter, None)
        if parked is None:
            return
        if parked.sha256 == _sha256(self.lora) and not isinstance(
            loop._try(lambda: loop.rows.resume(parked.state)), Trouble
        ):
            loop.active = parked.rows
            loop._leave([row for row in parked.rows if row.ticket.settled])
            return
        for ticket in reversed(list(dict.fromkeys(row.ticket for row in parked.rows))):
            if not ticket.settled:  # the adapter was replaced, or memory is short: from the beginning
                ticket.restart()
                loop.waiting.appendleft(ticket)

    def _fail(self, adapter: Adapter, error: Exception) -> None:
        """The requests that name it, and nobody else's."""
        known = isinstance(error, AdapterError)
        reason = str(error) if known else f"The adapter {adapter} could not be loaded: {error}"
        failed: list[Ticket] = [t for t in self.loop.everything() if t.request.adapter == adapter]
        for ticket in failed:
            ticket.fail(type(error)(reason) if known else AdapterError(reason))
        self.loop.drop_settled()


def _sha256(lora: Lora | None) -> str:
    return lora.manifest.weights_sha256 if lora else ""
