"""Dotted names of the store's functions."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.checks import CheckMessage

from shop_ai.checks.context import load, near
from shop_ai.checks.messages import message
from shop_ai.checks.resolving import takes


def check_function(where: str, dotted: str, *arguments: str) -> Iterator[CheckMessage]:
    """A message when the function cannot be imported, or not be called with these arguments."""
    found, causes = load(dotted)
    call = f"({', '.join(arguments)})"
    if causes:
        yield message("E010", f"{where}: {dotted!r} cannot be imported: {causes}.", near(dotted))
    elif not callable(found):
        text = f"{where}: {dotted!r} is no function but {type(found).__name__}."
        yield message("E011", text, f"Name a function of {call}.")
    elif not takes(found, arguments):
        yield message("E011", f"{where}: {dotted!r} cannot be called with {call}.", f"Let it take {call}.")
