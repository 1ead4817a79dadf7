"""The Backend that asks a server. No torch; Django only where its system checks ask."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shop_ai.exceptions import AdapterError, BackendError, CheckpointError, UnsupportedRequest
from shop_ai.lm import futures
from shop_ai.lm.base import Backend, Completion, Request
from shop_ai.lm.remote import probing
from shop_ai.lm.remote.asker import Asker
from shop_ai.lm.remote.bodies import Dialect
from shop_ai.lm.remote.call import Call
from shop_ai.lm.remote.client import Client
from shop_ai.lm.remote.exchange import key
from shop_ai.lm.remote.failures import Dropped, TimedOut, Transient
from shop_ai.lm.remote.options import WHERE, Problem, parse, problems
from shop_ai.lm.remote.ticket import Ticket

if TYPE_CHECKING:
    from django.core.checks import CheckMessage

log = logging.getLogger("shop_ai.lm")


class RemoteBackend(Backend):
    """Any server with `/v1/chat/completions`: vLLM, SGLang, llama.cpp, `transformers serve`.

    Options: see `remote.options.Options` and docs/backends.md; only `base_url` is required. What the server
    can do is found out by `open()`.
    """

    schema: bool = False  # type: ignore[misc]  # these two are known once the server was asked
    choose: bool = False  # type: ignore[misc]
    adapters: bool = False  # type: ignore[misc]  # where the options name some
    stream = True
    """Of a server that does not stream, all at once."""

    def __init__(self, checkpoint: str = "", options: Mapping[str, Any] | None = None) -> None:
        super().__init__(checkpoint, options)
        self._read = parse(checkpoint, self.options)
        self.room = self._read.room
        self.adapters = bool(self._read.adapters)
        self._asker = Asker(Client(self._read, self._alive))
        self._pool = ThreadPoolExecutor(self.room, thread_name_prefix="shop_ai.remote")
        self._tickets: set[Ticket] = set()
        self._lock = threading.Lock()
        self._ending = Call()

    # -- The contract --------------------------------------------------------------------------

    def open(self) -> None:
        """Wait for the server, then ask what it can do."""
        if self._read.api_key_env:
            try:
                key(self._read)
            except BackendError as error:
                raise CheckpointError(str(error)) from error
        self._asker.dialect = self._found_out()
        self.schema, self.choose = self._asker.dialect.schema, self._asker.dialect.tops > 0

    def submit(self, request: Request) -> Future[Completion]:
        ticket = Ticket(request)
        with self._lock:
            if self._ending.dropped.is_set():
                return futures.failed(BackendError("The backend is closed."))
            self._tickets.add(ticket)
            for number in range(len(ticket.calls)):
                self._pool.submit(self._work, ticket, number)
        ticket.future.add_done_callback(lambda _: self._forget(ticket))
        if not ticket.calls:
            ticket.fail(UnsupportedRequest("No candidate was asked for."))
        return ticket.future

    @classmethod
    def check_adapter(cls, name: str, checkpoint: str, options: Mapping[str, Any]) -> None:
        known = options.get("adapters")
        if not isinstance(known, Mapping) or name not in known:
            error = AdapterError if known else UnsupportedRequest
            raise error(f"{WHERE}['adapters'] does not say what the server calls the adapter {name}.")

    def close(self) -> None:
        self._ending.drop()
        with self._lock:
            left = list(self._tickets)
        for ticket in left:
            ticket.future.cancel()  # who waits is told by the thread that has the request
        self._pool.shutdown()

    def describe(self) -> dict[str, Any]:
        return {
            **super().describe(),
            "server": str(self._read.endpoint),
            "model": self._read.model,
            "schema": self.schema,
            "choose": self.choose,
            "stream": self._asker.dialect.stream,
            "token_safe": self.token_safe,
        }

    @classmethod
    def check(cls) -> Iterator[CheckMessage]:
        """System checks of the options, when this backend is the one in the settings."""
        from django.core.checks import Error

        from shop_ai.conf import config

        settings = config()
        for found in (*problems(settings.LM.CHECKPOINT, settings.LM.OPTIONS), *_stalls(settings)):
            yield Error(found.text, hint=found.hint, id=f"shop_ai.{found.number}")

    # -- Inside --------------------------------------------------------------------------------

    def _alive(self) -> None:
        self.progressed_at = time.monotonic()

    def _provenance(self, adapter: str | None) -> dict[str, Any]:
        """The server says nothing of an adapter's hash."""
        return {} if adapter is None else {"adapter": adapter, "model": self._read.under(adapter).model}

    def _forget(self, ticket: Ticket) -> None:
        with self._lock:
            self._tickets.discard(ticket)

    def _found_out(self) -> Dialect:
        until = time.monotonic() + self._read.open_timeout
        while True:
            try:
                return probing.find_out(lambda body: self._asker.client.ask(body, self._ending), self._read)
            except (Transient, TimedOut) as error:
                if time.monotonic() > until or self._ending.dropped.wait(1.0):
                    raise CheckpointError(f"{error} This worker waited for it in vain.") from error
                log.warning("%s Waiting for it.", error)
            except CheckpointError:
                raise
            except BackendError as error:
                raise CheckpointError(str(error)) from error

    def _work(self, ticket: Ticket, number: int) -> None:
        """One HTTP request, in a thread of the pool; whatever happens, the Future is settled."""
        started = time.monotonic()
        call = ticket.calls[number]
        try:
            if call.dropped.is_set():
                raise Dropped
            self.refuse_unsupported(ticket.request)
            part = self._asker.part(ticket, number)
            passed = round((time.monotonic() - started) * 1000)
            made_with = self._provenance(ticket.request.adapter)
            ticket.answer(number, replace(part, milliseconds=passed, provenance=made_with))
        except BackendError as error:
            ticket.fail(error)
        except Exception as error:  # a request that cannot even be written down
            wrapped = UnsupportedRequest(f"This request cannot be sent ({type(error).__name__}).")
            wrapped.__cause__ = error
            ticket.fail(wrapped)


def _stalls(settings: Any) -> Iterator[Problem]:
    silence = settings.LM.OPTIONS.get("silence", 45.0)
    if isinstance(silence, int | float) and silence >= settings.STALL:
        text = (
            f"{WHERE}['silence'] is {silence:g}; after SHOP_AI['STALL'] ({settings.STALL:g}) the worker ends."
        )
        yield Problem("E033", text, "Set it to less than STALL.")
