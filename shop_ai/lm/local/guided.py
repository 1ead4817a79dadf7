"""JSON schemas in the manager's batch: which tokens each row may draw next. Imports torch.

Where the manager prepares a step while the one before is computed, the last token of a row is not known yet,
and so neither is its mask. A guided row therefore sits out every other step; the others go on.
"""

from __future__ import annotations

from typing import Any

import llguidance.numpy
import numpy as np
import torch
from torch import Tensor
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingLogitsProcessor,
    ContinuousBatchingLogitsProcessorList,
)
from transformers.generation.continuous_batching.requests import TMP_TOKEN_ID
from transformers.generation.continuous_batching.scheduler import SCHEDULER_MAPPING, FIFOScheduler

from shop_ai.lm.local.masks import Guide, fill

SCHEDULER = "shop_ai"
FREE = 0
"""The mask of a row without a schema: everything is allowed."""


class Masks(ContinuousBatchingLogitsProcessor):
    """A request says `guide`, which follows its answer here and nowhere else.

    A step's masks lie in one half of the store while those of the step before, in the other, are in use.
    """

    supported_kwargs: dict[str, type] = {"guide": Guide}
    ignored_kwargs: tuple[str, ...] = ()

    def __init__(self, vocabulary: int, rows: int, stops: list[int], device: torch.device) -> None:
        self.vocabulary, self.rows = vocabulary, rows
        self._end = llguidance.numpy.allocate_token_bitmask(1, vocabulary)
        """The mask of an answer that can go on in no way."""
        self._end.fill(0)
        for token in stops:
            self._end[0, token // 32] |= np.array(1 << token % 32, np.uint32).view(np.int32)
        self._held = torch.full((1 + 2 * rows, self._end.shape[1]), -1, dtype=torch.int32, device=device)
        self._bits = torch.arange(8, dtype=torch.uint8, device=device)
        self._half = 0

    def fill_defaults(self, int32_tensor: Tensor) -> None:
        int32_tensor.fill_(FREE)

    def prepare_tensor_args(self, requests_with_new_token: list[Any]) -> Tensor:
        """Where each row's mask is held."""
        states = [request.state for request in requests_with_new_token]
        guided = [n for n, state in enumerate(states) if "guide" in state.logit_processor_kwargs]
        where = torch.full((len(states),), FREE, dtype=torch.int32)
        if guided:
            self._half = 1 - self._half
            first = 1 + self._half * self.rows
            # blocking: when this returns, the masks are where the step will look for them
            self._held[first : first + len(guided)] = self._masks([states[n] for n in guided])
            where[guided] = torch.arange(first, first + len(guided), dtype=torch.int32)
        return where

    def _masks(self, states: list[Any]) -> Tensor:
        bits = llguidance.numpy.allocate_token_bitmask(len(states), self.vocabulary)
        guides = [state.logit_processor_kwargs["guide"] for state in states]
        for guide, state in zip(guides, states, strict=True):
            for token in state.generated_tokens[guide.length :]:
                guide.take(token)
        fill(guides, bits)
        hopeless = ~bits.any(axis=1) | np.array([guide.failed for guide in guides])
        bits[hopeless] = self._end  # a row without any token would end the whole batch
        return torch.from_numpy(bits)

    def __call__(self, scores: Tensor, tensor_arg: Tensor) -> Tensor:
        masks = self._held[tensor_arg[: scores.shape[0]]].view(torch.uint8)
        allowed = (masks[:, :, None] >> self._bits) & 1
        return scores.masked_fill(allowed.flatten(1)[:, : scores.shape[1]] == 0, -float("inf"))


class Alternating(FIFOScheduler):
    """Leaves out guided rows whose last token is still being computed."""

    def schedule_batch(self, token_budget: int, cache_budget: int) -> Any:
        everyone = self.active_requests
        self.active_requests = {name: state for name, state in everyone.items() if not _unknown(state)}
        try:
            return super().schedule_batch(token_budget, cache_budget)
        finally:
            self.active_requests = {**everyone, **self.active_requests}


def _unknown(state: Any) -> bool:
    return "guide" in state.logit_processor_kwargs and state.tokens_to_process == [TMP_TOKEN_ID]


def install(processors: ContinuousBatchingLogitsProcessorList, masks: Masks) -> None:
    """Before all others: temperature and nucleus see only what is allowed."""
    processors.logits_processor.insert(0, masks)
    processors.tensors_required += 1
    processors._retrieve_processors_kwargs()


SCHEDULER_MAPPING[SCHEDULER] = Alternating
