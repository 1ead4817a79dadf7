"""Knowing our own saves from the store's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_writing: ContextVar[bool] = ContextVar("shop_ai_writing", default=False)


def is_writing() -> bool:
    """Whether the present save is our own write, which no signal handler of ours may answer."""
    return _writing.get()


@contextmanager
def writing() -> Iterator[None]:
    """Mark the saves inside as our own."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)
