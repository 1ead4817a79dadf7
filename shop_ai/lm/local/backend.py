"""The Backend of this process: a thread, its queue, its Futures. Must not import torch before `open()`."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from shop_ai.exceptions import BackendError, CheckpointError, DeadBackend
from shop_ai.lm import adapters, futures
from shop_ai.lm.base import Backend, Completion, Request
from shop_ai.lm.checkpoints import verify
from shop_ai.lm.checkpoints.manifest import location, read
from shop_ai.lm.local.options import OPTIONS, on_gpu, problems
from shop_ai.lm.local.ticket import Ticket

if TYPE_CHECKING:
    from django.core.checks import CheckMessage

    from shop_ai.lm.local.loop import Loop
    from shop_ai.lm.local.tandem import Tandem

log = logging.getLogger("shop_ai.lm")

ROWS = 128
SPARE = 8
"""An eighth of the rows, or so many, wait at the door to fill a free row at once."""


class LocalBackend(Backend):
    """torch and transformers in this process.

    Options: `folder` of the checkpoints; `device` and `dtype` ("auto"); `engine`, who writes free text
    ("auto": transformers' "manager" on a GPU, else our "loop"); `rows` of a batch; `room`; `threads`;
    `cache_tokens`, the tokens kept for all rows together; `page`, the tokens of one block of the manager's
    cache; `template`, variables for the chat template; `adapter_folder`; `turn`, the seconds after which an
    adapter that others wait for gives way; `process`, whether a worker computes in its "own" process or the
    "same" one ("auto": its own on a GPU).
    With `{"device": "cpu", "dtype": "float32"}` a request with a seed that runs alone gives the same
    text every time; otherwise a text also depends on its batch-mates.
    """

    schema = choose = stream = precise = adapters = token_safe = True
    known_options = OPTIONS

    def __init__(self, checkpoint: str = "", options: Mapping[str, Any] | None = None) -> None:
        super().__init__(checkpoint, options)
        self.rows = int(self.options.get("rows", ROWS))
        self.loop: Loop | Tandem | None = None
        self._facts: dict[str, Any] = {}
        self.room = self._room()
        self._inbox: list[Ticket] = []
        self._changed = threading.Condition()
        self._closed = False
        self._dead = ""
        self._thread: threading.Thread | None = None

    @classmethod
    def build(cls, checkpoint: str, options: Mapping[str, Any]) -> Backend:
        from shop_ai.lm.local.apart import ApartBackend

        kind = options.get("process", "auto")
        apart = on_gpu(options) if kind == "auto" else kind == "own"
        return (ApartBackend if apart else cls)(checkpoint, options)

    def _room(self) -> int:
        # A GPU writes a batch in the time in which the worker stores one: as many again wait for it
        spare = self.rows if self._facts.get("engine") == "manager" else self.rows // SPARE
        return int(self.options.get("room", self.rows + max(SPARE, spare)))

    def open(self) -> None:
        started = time.monotonic()
        manifest = verify(self.checkpoint, self.options.get("folder"))
        try:
            from shop_ai.lm.local.build import build
        except ImportError as error:
            raise CheckpointError(
                f"The language model needs a package that is missing ({error.name}); "
                "run `pip install 'shop-ai[worker]'`."
            ) from error
        self.loop, facts = build(manifest, self.options, progress=self._progress, wake=self._wake)
        self.rows = self.loop.limits.rows
        self._facts = {**facts, "load_seconds": round(time.monotonic() - started, 2)}
        self.room = self._room()
        self._progress()
        self._thread = threading.Thread(target=self._run, name="shop_ai.lm", daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> Future[Completion]:
        future: Future[Completion] = Future()
        with self._changed:
            if self._dead:
                return futures.failed(DeadBackend(self._dead))
            if self._thread is None or self._closed:
                return futures.failed(BackendError("The backend is not open."))
            self._inbox.append(Ticket(request, future))
            self._changed.notify()
        return future

    def at_hand(self, adapter: str | None) -> bool:
        return self.loop is None or self.loop.changing.present == adapter

    @classmethod
    def check_adapter(cls, name: str, checkpoint: str, options: Mapping[str, Any]) -> None:
        installed = read(location(checkpoint, options.get("folder")), checkpoint)
        adapters.find(name, options.get("adapter_folder")).fit(installed)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        self.loop = None

    def describe(self) -> dict[str, Any]:
        facts = {**super().describe(), "room": self.room, **self._facts}
        if self.loop is not None:
            facts["tokens_per_second"] = round(self.loop.rate, 1)
        if self._dead:
            facts["error"] = self._dead
        return facts

    @classmethod
    def check(cls) -> Iterator[CheckMessage]:
        """System checks of the settings, when this backend is the one in them."""
        from django.core.checks import Error

        from shop_ai.conf import config

        settings = config().LM
        for found in problems(settings.CHECKPOINT, settings.OPTIONS):
            yield Error(found.text, hint=found.hint, id=f"shop_ai.{found.number}")

    # -- The thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        loop = self.loop
        assert loop is not None  # noqa: S101 - set by open()
        try:
            while self._receive(loop):
                loop.turn()
        except BaseException as error:
            log.exception("The engine of the language model stopped.")
            self._die(loop, f"The engine of the language model stopped: {type(error).__name__}: {error}")
        else:
            for ticket in [*self._inbox, *loop.everything()]:
                ticket.drop()
        finally:
            loop.close()

    def _receive(self, loop: Loop | Tandem) -> bool:
        """Hand over what was submitted, waiting for it when there is nothing else to do."""
        with self._changed:
            nap = loop.nap
            if nap != 0:
                self._changed.wait_for(lambda: self._inbox or self._closed or loop.news, nap)
            if nap is None:
                self._progress()  # idling was no hang
            tickets, self._inbox = self._inbox, []
            if self._closed:
                self._inbox = tickets
                return False
        loop.take(tickets)
        return True

    def _die(self, loop: Loop | Tandem, reason: str) -> None:
        with self._changed:
            self._dead = reason
            tickets, self._inbox = self._inbox, []
        for ticket in [*tickets, *loop.everything()]:
            ticket.fail(DeadBackend(reason))

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify()

    def _progress(self) -> None:
        self.progressed_at = time.monotonic()
