"""Whose turn it is, where only one adapter can be in use at a time. Decides only; no torch.

An adapter waits since the later of two moments: its oldest request came, or its last turn ended. Who has
waited longest is next, so that of n adapters each has its turn after n - 1 others at the latest.
"""

from __future__ import annotations

from collections.abc import Mapping

Adapter = str | None
"""The name of an adapter; None is the bare checkpoint."""

TURN = 2.0
"""Seconds that a turn lasts at most while others wait: some ten times as long as a change-over."""


class Turns:
    """The present adapter, since when, and when the others had their last turn."""

    def __init__(self, limit: float = TURN) -> None:
        self.present: Adapter = None
        self.limit = limit
        self._began = float("-inf")
        self._ended: dict[Adapter, float] = {}

    def next(self, waiting: Mapping[Adapter, float], *, busy: bool, now: float) -> Adapter:
        """The adapter to go on with. `waiting` says when the oldest request of each came."""
        others = {
            adapter: max(since, self._ended.get(adapter, since))
            for adapter, since in waiting.items()
            if adapter != self.present
        }
        in_use = busy or self.present in waiting
        if not others or (in_use and now - self._began < self.limit):
            return self.present
        return min(others, key=others.__getitem__)

    def begin(self, adapter: Adapter, now: float) -> None:
        """A turn ends, another one begins."""
        self._ended[self.present] = now
        self.present, self._began = adapter, now
