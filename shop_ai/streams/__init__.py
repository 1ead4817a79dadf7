"""What readers are told of an answer while it is written: checked sentences, over Redis or the database."""

from __future__ import annotations

from shop_ai.streams.events import Event, Place
from shop_ai.streams.reading import aread, read
from shop_ai.streams.transports import prune, publish

__all__ = ("Event", "Place", "aread", "prune", "publish", "read")
