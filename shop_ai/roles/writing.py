"""Our saves: known from the store's own, and what the store refuses of them told in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError

from shop_ai.exceptions import Unfit

_writing: ContextVar[bool] = ContextVar("shop_ai_writing", default=False)


def is_writing() -> bool:
    """Whether the present save is our own write, which no signal handler of ours may answer."""
    return _writing.get()


@contextmanager
def writing() -> Iterator[None]:
    """Mark the saves inside as our own; `Unfit` when the store's code or its database refuses one."""
    token = _writing.set(True)
    try:
        yield
    except ValidationError as error:
        raise Unfit(" ".join(error.messages)) from error
    except (IntegrityError, DataError) as error:  # the rest of a database's sentence names values
        reason = str(error).partition("\n")[0]
        raise Unfit(f"The store's database does not take this: {reason}") from error
    finally:
        _writing.reset(token)
