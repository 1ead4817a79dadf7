"""The checkpoint a second time, in float32, for choices that ask for it. Imports torch.

It takes four bytes of main memory for each of the checkpoint's parameters, from the first such choice until
the process ends, and is always on the CPU: a GPU's memory is meant for keys and values.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shop_ai.exceptions import BackendError
from shop_ai.lm.local.lora import Adapted, Lora
from shop_ai.lm.local.rows import Rows
from shop_ai.lm.local.static import StaticRows

SLOW = 50.0
"""Tokens a second that are believed of it until it was measured."""


class Precise:
    """Loads when first asked; wears the adapter of the request."""

    def __init__(self, make: Callable[[], Rows | StaticRows], progress: Callable[[], None]) -> None:
        self._make = make
        self._progress = progress
        self._rows: Rows | StaticRows | None = None
        self._weights: Adapted | None = None

    def rows(self, lora: Lora | None) -> Rows | StaticRows:
        """Where to compute under that adapter; raises `BackendError`."""
        if self._rows is None:
            self._rows = self._loaded()
            self._weights = Adapted(self._rows.network.model)
        assert self._weights is not None  # noqa: S101 - set with the rows
        if self._weights.put_on(lora):
            self._rows.forget()
        return self._rows

    def _loaded(self) -> Rows | StaticRows:
        try:
            with _ticking(self._progress):
                rows = self._make()
        except BackendError:
            raise
        except Exception as error:
            raise BackendError(f"The checkpoint could not be loaded in float32: {error}") from error
        rows.network.prefill_rate = SLOW
        return rows


@contextmanager
def _ticking(progress: Callable[[], None]) -> Iterator[None]:
    """Show progress while something loads that shows none: a large checkpoint takes longer than STALL."""
    done = threading.Event()

    def tick() -> None:
        while not done.wait(1.0):
            progress()

    thread = threading.Thread(target=tick, name="shop_ai.lm-loading", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
