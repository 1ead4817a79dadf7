"""Which transport the settings ask for."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.core.signals import setting_changed

from shop_ai.conf import config
from shop_ai.streams.events import Event
from shop_ai.streams.table import Table
from shop_ai.streams.transport import Transport


@lru_cache(maxsize=1)
def transport() -> Transport:
    """Redis where `STREAM_URL` names one, else the database."""
    settings = config()
    if settings.STREAM_URL is None:
        return Table(settings.STREAM_EXPIRES)
    from shop_ai.streams.redis_streams import RedisStreams

    return RedisStreams(settings.STREAM_URL, settings.STREAM_EXPIRES)


def publish(job: uuid.UUID, events: Sequence[Event]) -> None:
    """Tell a job's readers; raises what the transport raises."""
    transport().append(job, events)


def prune() -> int:
    """Delete what has expired from the database; Redis does that by itself."""
    return Table(config().STREAM_EXPIRES).prune()


def _reset(*, setting: str, **kwargs: Any) -> None:
    if setting == "SHOP_AI":
        transport.cache_clear()


setting_changed.connect(_reset, dispatch_uid="shop_ai.streams")
