"""Keys and values of all rows in fixed places, written at each row's own position. Imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

STEP = 128
"""Room for tokens grows by so many at a time."""


@dataclass(slots=True)
class Window:
    """Which rows, and which positions of them, the present forward pass writes."""

    first: int = 0
    last: int = 0
    start: int | None = None
    """Where all rows write, when it is the same place."""
    positions: Tensor | None = None
    """Rows × tokens, when it is not."""
    end: int = 0
    """Keys before this position are looked at."""


class Layer(CacheLayerMixin):
    """One layer: [places, heads, tokens, size of a head]."""

    is_sliding = False

    def __init__(self, cache: Slots) -> None:
        super().__init__()
        self.cache = cache

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        self.keys = self._room_for(key_states)
        self.values = self._room_for(value_states)
        self.is_initialized = True

    def _room_for(self, states: Tensor) -> Tensor:
        shape = (self.cache.places, states.shape[1], self.cache.tokens, states.shape[3])
        return torch.zeros(shape, dtype=states.dtype, device=states.device)

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        window = self.cache.window
        return self._write(self.keys, key_states, window), self._write(self.values, value_states, window)

    def _write(self, store: Tensor | None, states: Tensor, window: Window) -> Tensor:
        assert store is not None  # noqa: S101 - initialised above
        rows = store[window.first : window.last]
        if window.start is not None:
            rows[:, :, window.start : window.start + states.shape[2]] = states
        else:
            index = torch.arange(rows.shape[0], device=rows.device)[:, None]
            rows[index, :, window.positions] = states.transpose(1, 2)
        return rows[:, :, : window.end]

    def grow(self, places: int, tokens: int) -> None:
        for name in ("keys", "values"):
            old = getattr(self, name)
            if old is not None:
                new = old.new_zeros((places, old.shape[1], tokens, old.shape[3]))
                new[: old.shape[0], :, : old.shape[2]] = old
                setattr(self, name, new)

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.cache.window.end, 0

    def get_seq_length(self) -> int:
        return 0

    def get_max_length(self) -> int:
        return -1


class Slots(Cache):
    """The cache of a fixed number of rows; `window` says what a forward pass may touch."""

    def __init__(self, layers: int, places: int) -> None:
        self.places = places
        self.tokens = 4 * STEP
        self.window = Window()
        super().__init__(layers=[Layer(self) for _ in range(layers)])

    def ensure(self, tokens: int) -> None:
        """Make room for rows of so many tokens."""
        if tokens > self.tokens:
            self.tokens = -(-tokens // STEP) * STEP
            for layer in self.layers:
                layer.grow(self.places, self.tokens)

    def shrink(self) -> None:
        """Give memory back; only when no row is in use."""
        if self.tokens > 4 * STEP:
            self.tokens = 4 * STEP
            for layer in self.layers:
                layer.keys = layer.values = None
                layer.is_initialized = False

    def copy(self, source: int, target: int, length: int) -> None:
        for layer in self.layers:
            layer.keys[target, :, :length] = layer.keys[source, :, :length]
            layer.values[target, :, :length] = layer.values[source, :, :length]

    def save(self, place: int, length: int) -> list[tuple[Tensor, Tensor]]:
        """A copy of the first tokens of a row."""
        return [
            (layer.keys[place, :, :length].clone(), layer.values[place, :, :length].clone())
            for layer in self.layers
        ]

    def load(self, first: int, last: int, saved: list[tuple[Tensor, Tensor]]) -> None:
        """Put saved tokens at the beginning of rows."""
        for layer, (keys, values) in zip(self.layers, saved, strict=True):
            layer.keys[first:last, :, : keys.shape[1]] = keys
            layer.values[first:last, :, : values.shape[1]] = values
