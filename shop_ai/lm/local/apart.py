"""The local backend in a process of its own: whoever stores answers does not hold up who starts the kernels.

Python runs one thread at a time. On a GPU, the thread that starts kernels and the worker's, which reads and
stores jobs, would wait for each other. `serving.py` is the other side; both talk over a socket pair.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

from shop_ai.exceptions import BackendError, DeadBackend
from shop_ai.lm import futures
from shop_ai.lm.base import Backend, Completion, Generate, Request
from shop_ai.lm.listening import Listener
from shop_ai.lm.local.backend import LocalBackend

log = logging.getLogger("shop_ai.lm")

CLOSES_WITHIN = 10.0
"""Seconds; then it is killed: nothing in it needs saving."""


class ApartBackend(LocalBackend):
    """A `LocalBackend` of the same options, run by a child process."""

    def __init__(self, checkpoint: str = "", options: Mapping[str, Any] | None = None) -> None:
        super().__init__(checkpoint, options)
        self._names = count()
        self._asked: dict[int, tuple[Future[Completion], Listener]] = {}
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._opened = threading.Event()
        self._refused: Exception | None = None
        self._present: str | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-m", "shop_ai.lm.local.serving", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # Ctrl-C ends the worker, which ends this
            )
        self._connection = Connection(ours.detach())
        self._thread = threading.Thread(target=self._hear, name="shop_ai.lm", daemon=True)
        self._thread.start()
        self._say("open", self.checkpoint, self.options)
        self._opened.wait()
        if self._refused is not None:
            self.close()
            raise self._refused

    def submit(self, request: Request) -> Future[Completion]:
        future: Future[Completion] = Future()
        listener = Listener(request, future)
        if isinstance(request, Generate) and request.on_text is not None:
            request = replace(request, on_text=None)
        with self._lock:
            if self._dead:
                return futures.failed(DeadBackend(self._dead))
            if self._closed or not self._opened.is_set():
                return futures.failed(BackendError("The backend is not open."))
            name = next(self._names)
            self._asked[name] = future, listener
        future.add_done_callback(lambda done: self._give_up(name) if done.cancelled() else None)
        self._say("submit", name, request, listener.is_there)
        return future

    def at_hand(self, adapter: str | None) -> bool:
        return self._present == adapter

    def close(self) -> None:
        with self._lock:
            self._closed = True
        process = self._process
        if process is None:
            return
        self._say("close")
        try:
            process.wait(CLOSES_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._thread is not None:
            self._thread.join()

    def describe(self) -> dict[str, Any]:
        facts = {**Backend.describe(self), **self._facts, "process": "own"}
        return {**facts, "error": self._dead} if self._dead else facts

    # -- To the child --------------------------------------------------------------------------

    def _say(self, *words: Any) -> None:
        """What a child that is gone does not hear, `_hear` notices."""
        try:
            with self._sending:
                self._connection.send(words)
        except OSError:
            log.debug("The process of the language model does not listen.")

    def _give_up(self, name: int) -> None:
        with self._lock:
            known = self._asked.pop(name, None)
        if known:
            futures.cancel(known[0])  # tells those who wait for it
            self._say("cancel", name)

    # -- From the child ------------------------------------------------------------------------

    def _hear(self) -> None:
        try:
            while True:
                kind, *words = self._connection.recv()
                getattr(self, f"_on_{kind}")(*words)
        except (EOFError, OSError):
            pass
        except Exception:
            log.exception("The process of the language model said something odd.")
        self._end()

    def _on_opened(self) -> None:
        self._opened.set()

    def _on_refused(self, error: Exception) -> None:
        self._refused = error
        self._opened.set()

    def _on_alive(
        self, progressed_at: float, room: int, present: str | None, facts: dict[str, Any] | None
    ) -> None:
        self.progressed_at, self.room, self._present = progressed_at, room, present
        self._facts = self._facts if facts is None else facts

    def _on_text(self, name: int, text: str) -> None:
        future, listener = self._asked.get(name, (None, None))
        if future is None or listener is None:
            return
        try:
            listener.tell(text)
        except BackendError as error:
            self._settled(name)
            self._say("cancel", name)
            futures.fail(future, error)

    def _on_answered(self, name: int, completion: Completion) -> None:
        if future := self._settled(name):
            futures.answer(future, completion)

    def _on_failed(self, name: int, error: Exception) -> None:
        if future := self._settled(name):
            futures.fail(future, error)

    def _on_dropped(self, name: int) -> None:
        """Released uncharged: the batch broke down, or the backend closes."""
        if future := self._settled(name):
            futures.cancel(future)

    def _settled(self, name: int) -> Future[Completion] | None:
        self.progressed_at = time.monotonic()
        with self._lock:
            future, _ = self._asked.pop(name, (None, None))
        return future

    def _end(self) -> None:
        """The child is gone: asked to, or not."""
        process = self._process
        code = process.wait() if process is not None else 0
        with self._lock:
            left, self._asked = self._asked, {}
            if not self._closed:
                self._dead = self._dead or f"The process of the language model ended ({_told(code)})."
        if self._refused is None and not self._opened.is_set():
            self._refused = DeadBackend(self._dead)
        self._opened.set()
        for future, _ in left.values():
            if self._closed:
                futures.cancel(future)
            else:
                futures.fail(future, DeadBackend(self._dead))


def _told(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
