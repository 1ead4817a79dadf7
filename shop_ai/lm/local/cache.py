"""Keys and values of all rows in fixed places, written at each row's own position. Imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

from shop_ai.lm.local.shared import Prefix

STEP = 128
"""Room for tokens grows by so many at a time."""
SMALLEST = STEP
PLACES = 16
"""Room for rows grows by so many at a time."""


Saved = tuple[Prefix | None, list[list[Tensor]]]
"""Of one row: what stands in front, and keys and values of each layer behind it."""


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


class Layer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One layer: keys and values, each [places, heads, tokens, size of a head]."""

    is_sliding = False

    def __init__(self, cache: Slots) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.cache = cache
        self.held: list[Tensor] = []

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        cache = self.cache
        self.held = [
            states.new_zeros((cache.room, states.shape[1], cache.tokens, states.shape[3]))
            for states in (key_states, value_states)
        ]
        self.is_initialized = True

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        if not self.held:
            self.lazy_initialization(key_states, value_states)
        window = self.cache.window
        return _write(self.held[0], key_states, window), _write(self.held[1], value_states, window)

    def grow(self, places: int, tokens: int) -> None:
        for number, old in enumerate(self.held):
            shape = (max(places, old.shape[0]), old.shape[1], max(tokens, old.shape[2]), old.shape[3])
            if shape != old.shape:
                new = old.new_zeros(shape)
                new[: old.shape[0], :, : old.shape[2]] = old
                self.held[number] = new

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.cache.window.end, 0

    def get_seq_length(self) -> int:
        return 0  # rows differ; positions and mask are given with every pass

    def get_max_length(self) -> int:
        return -1


def _write(store: Tensor, states: Tensor, window: Window) -> Tensor:
    """Put new states where the window says; what attention may look at."""
    rows = store[window.first : window.last]
    if window.start is not None:
        rows[:, :, window.start : window.start + states.shape[2]] = states
    else:
        index = torch.arange(rows.shape[0], device=rows.device)[:, None]
        rows[index, :, window.positions] = states.transpose(1, 2)
    return rows[:, :, : window.end]


class Slots(Cache):
    """The cache of at most so many rows; `window` says what a forward pass may touch.

    A row may begin with a prefix that is held apart; its place then holds what comes behind. Lengths are
    always those of the whole row.
    """

    def __init__(self, layers: int, places: int) -> None:
        self.places = places
        self.room = min(PLACES, places)
        """The first places, for which memory is held."""
        self.tokens = SMALLEST
        self.window = Window()
        self.prefixes: list[Prefix | None] = [None] * places
        """What stands in front of each place."""
        self.own = [Layer(self) for _ in range(layers)]
        super().__init__(layers=list(self.own))

    def ensure(self, places: int, tokens: int) -> None:
        """Make room for so many rows of so many tokens."""
        places = max(self.room, min(-(-places // PLACES) * PLACES, self.places))
        tokens = max(self.tokens, -(-tokens // STEP) * STEP)
        if (places, tokens) != (self.room, self.tokens):
            for layer in self.own:
                layer.grow(places, tokens)
            self.room, self.tokens = places, tokens  # not before: memory may run out half-way

    def shrink(self) -> None:
        """Give memory back; only when no row is in use."""
        self.prefixes = [None] * self.places
        if self.tokens > SMALLEST:
            self.room, self.tokens = min(PLACES, self.places), SMALLEST
            for layer in self.own:
                layer.held.clear()

    def begin(self, first: int, last: int, prefix: Prefix | None) -> None:
        """Rows begin anew, with this prefix in front."""
        self.prefixes[first:last] = [prefix] * (last - first)

    def in_front(self, first: int, last: int) -> list[int]:
        """Tokens of each row's prefix."""
        return [prefix.length if prefix else 0 for prefix in self.prefixes[first:last]]

    def copy(self, source: int, target: int, length: int) -> None:
        """Copy the first tokens of one row into another."""
        prefix = self.prefixes[target] = self.prefixes[source]
        own = length - (prefix.length if prefix else 0)
        self.ensure(target + 1, own)
        for layer in self.own:
            for held in layer.held:
                held[target, :, :own] = held[source, :, :own]

    def save(self, place: int, length: int) -> Saved:
        """A copy of the first tokens of a row."""
        prefix = self.prefixes[place]
        own = length - (prefix.length if prefix else 0)
        return prefix, [[held[place, :, :own].clone() for held in layer.held] for layer in self.own]

    def load(self, first: int, last: int, saved: Saved) -> None:
        """Put saved tokens at the beginning of rows."""
        prefix, layers = saved
        self.begin(first, last, prefix)
        self.ensure(last, layers[0][0].shape[1])
        for layer, tensors in zip(self.own, layers, strict=True):
            if not layer.held:  # given back while idle
                layer.lazy_initialization(tensors[0][None], tensors[1][None])
            for held, tensor in zip(layer.held, tensors, strict=True):
                held[first:last, :, : tensor.shape[1]] = tensor
