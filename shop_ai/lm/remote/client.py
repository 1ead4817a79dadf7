"""Asks the server, and asks again what is worth it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from shop_ai.lm.remote import reply
from shop_ai.lm.remote.call import Call
from shop_ai.lm.remote.exchange import exchange, key
from shop_ai.lm.remote.failures import Dropped, Transient, refusal
from shop_ai.lm.remote.options import Options
from shop_ai.lm.remote.reply import Reply, Tell, nobody

LONGEST_WAIT = 30.0
"""Who asks us to wait longer is told to the worker, which has other ways to wait."""


class Client:
    """Holds no connection and no state; used by many threads at a time."""

    def __init__(self, options: Options, alive: Callable[[], None]) -> None:
        self.options = options
        self._alive = alive

    def ask(
        self, body: Mapping[str, Any], call: Call, *, retries: int | None = None, tell: Tell = nobody
    ) -> Reply:
        """The server's reply, of which `tell` hears while it comes; raises `BackendError`.

        Repeats at once only what failed or was refused: who waited in vain for an answer does not do so twice
        in a row, since the job would look hung.
        """
        left = self.options.retries if retries is None else retries
        pause = 0.5
        while True:
            try:
                return self._once(body, call, tell)
            except Transient as error:
                wait = pause * random.uniform(0.8, 1.2) if error.wait is None else error.wait  # noqa: S311
                if left <= 0 or wait > LONGEST_WAIT:
                    raise
            finally:
                self._alive()  # a failure is a sign of life too: nothing here waits for ever
            if call.dropped.wait(wait):
                raise Dropped
            left, pause = left - 1, pause * 2

    def _once(self, body: Mapping[str, Any], call: Call, tell: Tell) -> Reply:
        if call.dropped.is_set():
            raise Dropped
        options = self.options
        # Who sends nothing before the end is not silent until the time is up.
        silence = options.silence if body.get("stream") else options.timeout
        with exchange(options, body, call, alive=self._alive, silence=silence) as answer:
            if answer.status != 200:
                words = _without_key(reply.words(answer.pieces), options)
                raise refusal(answer.status, words, answer.retry_after, options.endpoint)
            return reply.read(answer.pieces, streamed=answer.streamed, tell=tell)


def _without_key(words: str, options: Options) -> str:
    """Some servers repeat the key that they refuse."""
    return words.replace(key(options), "[key]") if options.api_key_env else words
