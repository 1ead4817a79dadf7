"""Streams through Redis: a stream for each job, which expires. The only importer of redis."""

from __future__ import annotations

import logging
import math
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from shop_ai.exceptions import StreamUnreachable
from shop_ai.streams.events import Event, Found, Place
from shop_ai.streams.transport import MOST, Transport

KEY = "shop_ai:stream:"
TIMEOUT = 1.0
"""Seconds to connect, and to wait for an answer beyond the time that was asked for."""
SILENCE = 2.0
"""Seconds without another try after Redis could not be reached twice in a row."""
IDLE = 20.0
"""Seconds after which the connection to write is made anew: something between may have forgotten it."""
COMPLAIN = 60.0
"""Seconds between two lines in the log about the same trouble."""

log = logging.getLogger("shop_ai.streams")


class RedisStreams(Transport):
    """One connection to write; each reading has its own, so that no answer can reach another reader."""

    def __init__(self, url: str, expires: float) -> None:
        self.url = url
        self.expires = math.ceil(expires)
        self._writer: Any = redis.Redis.from_url(url, **_options())
        self._written_at = 0.0
        self._failures = 0
        self._silent_until = 0.0
        self._complained_at = -COMPLAIN

    def append(self, job: uuid.UUID, events: Sequence[Event]) -> None:
        with self._reaching():
            if time.monotonic() - self._written_at > IDLE:
                self._writer.connection_pool.disconnect(inuse_connections=False)
            self._written_at = time.monotonic()
            key = f"{KEY}{job}"
            with self._writer.pipeline(transaction=True) as together:
                for event in events:
                    together.xadd(key, _fields(event), maxlen=MOST, approximate=True)
                together.expire(key, self.expires)
                together.execute()

    def after(self, job: uuid.UUID, place: Place, wait: float) -> list[Found]:
        with self._reaching():
            client = redis.Redis.from_url(self.url, **_options(wait))
            try:
                return _found(client.xread(**_asked(job, place, wait)))
            finally:
                client.close()

    async def aafter(self, job: uuid.UUID, place: Place, wait: float) -> list[Found]:
        with self._reaching():
            client = redis.asyncio.Redis.from_url(self.url, **_options(wait))
            try:
                return _found(await client.xread(**_asked(job, place, wait)))
            finally:
                await client.aclose()

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """`StreamUnreachable` instead of what the client raises; after it there is silence for a while."""
        if time.monotonic() < self._silent_until:
            raise StreamUnreachable
        try:
            yield
            self._failures = 0
        except (redis.RedisError, OSError) as error:
            self._failures += 1
            if self._failures > 1:  # once may be a connection from before a restart
                self._silent_until = time.monotonic() + SILENCE
            if time.monotonic() - self._complained_at > COMPLAIN:
                self._complained_at = time.monotonic()
                log.warning("STREAM_URL cannot be reached (%s); jobs go on.", type(error).__name__)
            raise StreamUnreachable from error


def _options(wait: float = 0.0) -> dict[str, Any]:
    """Nothing is tried twice by the client: who publishes knows better, and readers ask again."""
    patience = {"socket_connect_timeout": TIMEOUT, "socket_timeout": TIMEOUT + wait}
    return {"decode_responses": True, "protocol": 2, "retry": Retry(NoBackoff(), 0), **patience}


def _asked(job: uuid.UUID, place: Place, wait: float) -> dict[str, Any]:
    block = math.ceil(1000 * wait) or None  # 0 would be for ever
    return {"streams": {f"{KEY}{job}": place.position or "0"}, "count": MOST, "block": block}


def _found(answer: Any) -> list[Found]:
    return [(position, _event(fields)) for _, entries in answer or () for position, fields in entries]


def _fields(event: Event) -> dict[str, str]:
    fields = {"kind": event.kind, "attempt": str(event.attempt), "text": event.text, "state": event.state}
    return {**fields, "differs": "1" if event.differs else ""}


def _event(fields: Mapping[str, str]) -> Event:
    kind: Any = fields["kind"]
    return Event(
        kind=kind,
        attempt=int(fields["attempt"]),
        text=fields["text"],
        state=fields["state"],
        differs=bool(fields["differs"]),
    )
