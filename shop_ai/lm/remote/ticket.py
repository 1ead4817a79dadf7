"""A request on its way: one Future, and an HTTP request for each candidate."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from shop_ai.lm import futures
from shop_ai.lm.base import Completion, Generate, Request
from shop_ai.lm.listening import Listener
from shop_ai.lm.remote.call import Call


class Ticket:
    """Gathers the parts and settles the Future, once."""

    def __init__(self, request: Request) -> None:
        count = request.n if isinstance(request, Generate) else 1
        self.request = request
        self.future: Future[Completion] = Future()
        self.listener = Listener(request, self.future)
        self.calls = tuple(Call() for _ in range(count))
        self._parts: dict[int, Completion] = {}
        self._lock = threading.Lock()
        self._settled = False
        self.future.add_done_callback(self._let_go)

    def answer(self, number: int, part: Completion) -> None:
        """One part has come."""
        with self._lock:
            self._parts[number] = part
            if len(self._parts) < len(self.calls) or self._settled:
                return
            self._settled = True
        futures.answer(self.future, _together([self._parts[n] for n in range(len(self.calls))]))

    def fail(self, error: Exception) -> None:
        """One part has failed, so all have; of a cancelled Future those who wait are told."""
        with self._lock:
            if self._settled:
                return
            self._settled = True
        futures.fail(self.future, error)

    def _let_go(self, future: Future[Completion]) -> None:
        for call in self.calls:
            call.drop()


def _together(parts: list[Completion]) -> Completion:
    """The parts ran side by side, and each read the same prompt."""
    candidates = tuple(candidate for part in parts for candidate in part.candidates)
    return Completion(
        candidates=candidates,
        probabilities=parts[0].probabilities,
        tokens_in=max(part.tokens_in for part in parts),
        tokens_out=sum(part.tokens_out for part in parts),
        milliseconds=max(part.milliseconds for part in parts),
        provenance=parts[0].provenance,
    )
