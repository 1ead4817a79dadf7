"""The child process of `apart.py`: one local backend, and a socket over which it is asked. No Django.

It ends when the other side is gone, however busy the GPU is.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from shop_ai.exceptions import BackendError
from shop_ai.lm.base import Completion, Generate, Request
from shop_ai.lm.local.backend import LocalBackend

EVERY = 0.25
"""Seconds between two signs of life."""


class Server:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._futures: dict[int, Future[Completion]] = {}
        self._backend = LocalBackend()
        self._told: tuple[Any, ...] = ()
        self._facts: dict[str, Any] = {}

    def run(self) -> None:
        """Do as asked until the other side closes, or is gone."""
        with suppress(EOFError, OSError):
            kind, *words = self._connection.recv()
            while kind != "close":
                getattr(self, f"_on_{kind}")(*words)
                kind, *words = self._connection.recv()
            self._backend.close()
        os._exit(0)  # the backend's threads may be inside a kernel

    def _on_open(self, checkpoint: str, options: dict[str, Any]) -> None:
        self._backend = LocalBackend(checkpoint, options)
        threading.Thread(target=self._open, daemon=True).start()

    def _open(self) -> None:
        threading.Thread(target=self._live, daemon=True).start()
        try:
            self._backend.open()
        except Exception as error:
            self._say("refused", error)
        else:
            self._tell()
            self._say("opened")

    def _on_submit(self, name: int, request: Request, listens: bool) -> None:
        if listens and isinstance(request, Generate):
            request = replace(request, on_text=lambda text: self._say("text", name, text))
        future = self._futures[name] = self._backend.submit(request)
        future.add_done_callback(lambda done: self._settle(name, done))

    def _on_cancel(self, name: int) -> None:
        if future := self._futures.get(name):
            future.cancel()

    def _settle(self, name: int, done: Future[Completion]) -> None:
        self._futures.pop(name, None)
        if done.cancelled():
            self._say("dropped", name)
        elif error := done.exception():
            self._say("failed", name, error)
        else:
            self._say("answered", name, done.result())

    def _live(self) -> None:
        while True:
            self._tell()
            threading.Event().wait(EVERY)

    def _tell(self) -> None:
        """How it is, where that is news."""
        backend = self._backend
        present = backend.loop.changing.present if backend.loop is not None else None
        facts = backend.describe()
        told = backend.progressed_at, backend.room, present
        if told == self._told and facts == self._facts:
            return
        self._say("alive", *told, None if facts == self._facts else facts)
        self._told, self._facts = told, facts

    def _say(self, *words: Any) -> None:
        try:
            said = pickle.dumps(words)
        except Exception:  # an error that cannot travel
            said = pickle.dumps((*words[:-1], BackendError(repr(words[-1]))))
        with suppress(OSError), self._sending:
            self._connection.send_bytes(said)


def main() -> None:
    """Stopping is for the worker to ask: signals to the whole group must not cut off what it finishes."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(
        level=logging.WARNING, format="[%(asctime)s: %(levelname)s/language model] %(message)s"
    )
    Server(Connection(int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
