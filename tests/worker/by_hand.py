"""A backend that answers only when a test tells it to, and what."""

from __future__ import annotations

from concurrent.futures import Future

from shop_ai.lm.base import Backend, Candidate, Completion, Request


class ByHand(Backend):
    schema = choose = True
    room = 8

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Request, Future[Completion]]] = []

    def submit(self, request: Request) -> Future[Completion]:
        self.asked.append((request, Future()))
        return self.asked[-1][1]

    def answer(self, text: str = '{"text": "Fine."}') -> None:
        for _, future in self.asked:
            if not future.done():
                future.set_result(Completion(candidates=(Candidate(text=text, tokens=1),)))

    def fail(self, error: Exception) -> None:
        for _, future in self.asked:
            if not future.done():
                future.set_exception(error)
