"""A backend without a language model: answers from the request itself, always alike. No Django, no torch."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from shop_ai import exceptions
from shop_ai.lm import futures
from shop_ai.lm.base import Backend, Candidate, Choose, Completion, Generate, Request
from shop_ai.lm.listening import Listener
from shop_ai.lm.minimal import smallest

_Item = tuple[Request, "Future[Completion]"]

PIECES = 4
"""In so many pieces a text is told to who listens."""


class EchoBackend(Backend):
    """For tests, and for stores that try the wiring.

    Options: `latency` seconds for each batch of at most `room` requests; `pause` seconds before each
    piece of a text that somebody listens to; `fail`, a mapping of a text inside the request → the name
    of the error to fail with, or "hang"; `fail_open`, a sentence that `open()` fails with; `adapters`,
    the names it pretends to have, every one when not given.
    """

    schema = choose = stream = precise = adapters = token_safe = True

    def __init__(self, checkpoint: str = "", options: Mapping[str, Any] | None = None) -> None:
        super().__init__(checkpoint, options)
        self.room = int(self.options.get("room", 32))
        self.latency = float(self.options.get("latency", 0.0))
        self.pause = float(self.options.get("pause", 0.0))
        self.fail: dict[str, str] = dict(self.options.get("fail", {}))
        self._waiting: deque[_Item] = deque()
        self._hanging: list[Future[Completion]] = []
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        if sentence := self.options.get("fail_open"):
            raise exceptions.CheckpointError(sentence)
        self._start()

    def submit(self, request: Request) -> Future[Completion]:
        future: Future[Completion] = Future()
        with self._changed:
            if self._closed:
                return futures.failed(exceptions.BackendError("The backend is closed."))
            self._start()
            self._waiting.append((request, future))
            self._changed.notify()
        return future

    @classmethod
    def check_adapter(cls, name: str, checkpoint: str, options: Mapping[str, Any]) -> None:
        super().check_adapter(name, checkpoint, options)
        if name not in options.get("adapters", [name]):
            raise exceptions.AdapterError(f"Echo does not pretend to have the adapter {name}.")

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    # -- What a subclass may change ------------------------------------------------------------

    def source(self, request: Generate) -> str:
        """The words that the answer is made of: what was not trusted in the last message, else all of it."""
        last = request.messages[-1]
        untrusted = " ".join(segment.text for segment in last.segments if not segment.trusted)
        return " ".join((untrusted or last.text).split())

    def free_text(self, request: Generate, number: int) -> str:
        """The text of one candidate."""
        text = self.source(request).rstrip(" .") or "Echo"
        return f"{text}." if number == 0 else f"({number + 1}) {text}."

    def structured(self, request: Generate, number: int) -> str:
        """The JSON of one candidate."""
        name = "Echo" if number == 0 else f"Echo {number + 1}"
        source = self.source(request)

        def words(maximum: int) -> str:
            return _cut(f"{name}: {source}", min(maximum, 200) - 1).rstrip(" .,;:") + "."

        value = smallest(request.schema or {}, words, variant=number)
        return json.dumps(value, ensure_ascii=False)

    def candidate(self, text: str, max_tokens: int) -> Candidate:
        """A word counts as a token; what is too long is cut, as an LM would be."""
        words = text.split()
        if len(words) <= max_tokens:
            return Candidate(text=text, tokens=len(words))
        return Candidate(text=" ".join(words[:max_tokens]), tokens=max_tokens, finish="length")

    # -- The thread ----------------------------------------------------------------------------

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="shop_ai.echo", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while batch := self._next_batch():
            started = time.monotonic()
            self._pause()
            self.progressed_at = time.monotonic()
            for request, future in batch:
                self._settle(request, future, started)
        for future in [*self._hanging, *(future for _, future in self._waiting)]:
            futures.cancel(future)

    def _next_batch(self) -> list[_Item]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return []
            return [self._waiting.popleft() for _ in range(min(self.room, len(self._waiting)))]

    def _pause(self) -> None:
        self._wait(self.latency)

    def _wait(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, timeout=seconds)

    def _settle(self, request: Request, future: Future[Completion], started: float) -> None:
        if self._closed:
            return futures.cancel(future)
        try:
            self.refuse_unsupported(request)
            if self._asked_to_fail(request):
                return self._hanging.append(future)
            completion = self._completion(request, started)
            self._tell(Listener(request, future), completion)
            futures.answer(future, completion)
        except Exception as error:  # one request's trouble is not the others'
            futures.fail(future, _as_backend_error(error))

    def _tell(self, listener: Listener, completion: Completion) -> None:
        """Piece by piece; one may end inside a word, as a token does."""
        for piece in range(1, PIECES + 1):
            if not listener.is_there or self._closed:
                return
            self._wait(self.pause)
            text = completion.candidates[0].text if completion.candidates else ""
            listener.tell(text[: len(text) * piece // PIECES])
            self.progressed_at = time.monotonic()

    def _asked_to_fail(self, request: Request) -> bool:
        text = "\n".join(message.text for message in request.messages)
        for part, name in self.fail.items():
            if part in text:
                if name == "hang":
                    return True
                raise getattr(exceptions, name)()
        return False

    def _completion(self, request: Request, started: float) -> Completion:
        tokens_in = sum(len(message.text.split()) for message in request.messages)
        passed = round((time.monotonic() - started) * 1000)
        provenance = {} if request.adapter is None else {"adapter": request.adapter}
        if isinstance(request, Choose):
            probabilities = _weigh(request)
            return Completion(
                probabilities=probabilities,
                as_served=probabilities if request.precise else (),
                tokens_in=tokens_in,
                milliseconds=passed,
                provenance=provenance,
            )
        write = self.free_text if request.schema is None else self.structured
        candidates = tuple(self.candidate(write(request, n), request.max_tokens) for n in range(request.n))
        tokens_out = sum(candidate.tokens for candidate in candidates)
        return Completion(
            candidates=candidates,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            milliseconds=passed,
            provenance=provenance,
        )


def _as_backend_error(error: Exception) -> Exception:
    if isinstance(error, exceptions.ShopAIError):
        return error
    wrapped = exceptions.UnsupportedRequest(f"Echo cannot answer this request: {error}")
    wrapped.__cause__ = error
    return wrapped


def _cut(text: str, maximum: int) -> str:
    """At most `maximum` characters, ending with a whole word where there is one."""
    if len(text) <= maximum:
        return text
    return text[: maximum + 1].rsplit(" ", 1)[0][:maximum] or text[:maximum]


def _weigh(request: Choose) -> tuple[float, ...]:
    """Probabilities from a hash of the messages and each answer: arbitrary, but always the same."""
    if not request.answers:
        raise exceptions.UnsupportedRequest("Choose needs at least one answer.")
    text = "\n".join(message.text for message in request.messages)
    weights = [
        1 + int.from_bytes(hashlib.sha256(f"{text}\0{answer}".encode(errors="replace")).digest()[:2], "big")
        for answer in request.answers
    ]
    return tuple(weight / sum(weights) for weight in weights)
