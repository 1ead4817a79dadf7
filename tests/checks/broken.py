"""A module of the store that cannot be imported."""

from __future__ import annotations

try:
    import no_such_package  # noqa: F401
except ImportError as error:
    raise RuntimeError("the store's module is broken") from error
