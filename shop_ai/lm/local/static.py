"""Batches that begin and end together, for architectures whose cache cannot be cut up. Imports torch.

Sliding windows and linear attention keep a state that belongs to the whole row; transformers' own cache
handles it. Finished rows are answered at once, but their places stay until the last one is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from shop_ai.lm.local.network import Network
from shop_ai.lm.local.ticket import Prompt

_Parked = tuple[list[int], Any, Tensor, list[int]]


class StaticRows:
    """The same interface as `Rows`, for one padded batch at a time."""

    continuous = False

    def __init__(self, network: Network, *, scratch: int) -> None:
        self.network = network
        self.scratch = scratch
        self.places: list[int] = []
        """Row → place in the batch."""
        self._cache: Any = None
        self._mask = torch.empty(0)
        self._next: list[int] = []
        self._copies: list[int] = []

    @property
    def count(self) -> int:
        return len(self.places)

    def worth_sharing(self, prefix: tuple[int, ...], seekers: int) -> bool:
        return False

    def prefill(
        self, prompts: Sequence[Prompt], shared: tuple[int, ...], longest: int, copies: Sequence[int] = ()
    ) -> Tensor:
        """Compute a whole batch, padded on the left; the logits after each prompt."""
        order = spread(copies)
        texts = [(*prompts[index].prefix, *prompts[index].rest) for index in order]
        width = max(map(len, texts))
        ids = torch.tensor([[0] * (width - len(text)) + list(text) for text in texts])
        self._mask = torch.tensor([[0] * (width - len(text)) + [1] * len(text) for text in texts])
        self._next = [len(text) for text in texts]
        self._cache = DynamicCache(config=self.network.model.config)
        positions = (self._mask.cumsum(-1) - 1).clamp(min=0)
        return self._forward(ids, positions)[: len(prompts)]

    def keep(self, lengths: Sequence[int], copies: Sequence[int]) -> list[int]:
        order = spread(copies)
        self.places = list(range(len(order)))
        return order

    def decode(self, tokens: Sequence[int], first: int, last: int) -> Tensor:
        """Append one token to every row; not repeatable. Rows that have left get a token too."""
        ids = torch.zeros((self._mask.shape[0], 1), dtype=torch.long)
        ids[self.places, 0] = torch.tensor(tokens)
        self._mask = torch.cat([self._mask, torch.ones_like(ids)], dim=-1)
        return self._forward(ids, torch.tensor(self._next)[:, None])[self.places]

    def advance(self) -> None:
        self._next = [length + 1 for length in self._next]

    def remove(self, place: int) -> None:
        self.places[place] = self.places[-1]
        self.places.pop()
        if not self.places:
            self.forget()

    def park(self) -> _Parked:
        state = self.places, self._cache, self._mask, self._next
        self.places = []
        self.forget()
        return state

    def resume(self, state: _Parked) -> None:
        self.places, self._cache, self._mask, self._next = state

    def rest(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._cache = None

    def _forward(self, ids: Tensor, positions: Tensor) -> Tensor:
        device = self.network.device
        return self.network.forward(
            ids,
            [ids.shape[1] - 1] * ids.shape[0],
            attention_mask=self._mask.to(device),
            position_ids=positions.to(device),
            past_key_values=self._cache,
        )


def spread(copies: Sequence[int]) -> list[int]:
    """The prompt of each row: first one row for every prompt, then the further candidates."""
    further = [index for index, number in enumerate(copies) for _ in range(number - 1)]
    return [*range(len(copies)), *further]
