"""Greedy and nucleus sampling in the manager's batch, each row by its own rules. Imports torch."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingTopPLogitsWarper,
)

HEAD = 256
"""A nucleus is cut to so many tokens: in a recorded graph of kernels there is no second try with more."""
COLDEST = 1e-3
"""Below this temperature a row is greedy: its numbers would not fit, and that ends the whole batch."""
WHOLE = 1.0


class Nucleus(ContinuousBatchingTopPLogitsWarper):
    """transformers' own sorts the whole vocabulary for every row and step; this looks at its head only.

    A row of `top_p` 0 keeps exactly one token, so that it is greedy whatever it is drawn with: `top_k` 1
    keeps all that share the first place, which in bfloat16 are often several.
    """

    def __call__(self, scores: Tensor, tensor_arg: Tensor) -> Tensor:
        top_p = tensor_arg[: scores.shape[0]].view(torch.float32)[:, None]
        head, order = scores.topk(min(HEAD, scores.shape[-1]), dim=-1)
        reached = (head - scores.logsumexp(dim=-1, keepdim=True)).exp().cumsum(dim=-1)
        before = reached.roll(1, dims=-1)
        before[:, 0] = -1.0  # the first is always kept
        kept = head.masked_fill(before >= top_p, -float("inf"))
        cut = torch.full_like(scores, -float("inf")).scatter_(-1, order, kept)
        return torch.where(top_p < WHOLE, cut, scores)


def install(processors: list[object]) -> None:
    """Put ours in the place of transformers'; what requests may say stays the same."""
    for number, processor in enumerate(processors):
        if isinstance(processor, ContinuousBatchingTopPLogitsWarper):
            processors[number] = Nucleus(processor)  # type: ignore[arg-type] # it copies what it is given


def rules(temperature: float, top_p: float) -> dict[str, float]:
    """What a request says to the processors; they refuse whole numbers."""
    if temperature < COLDEST:
        return {"temperature": 1.0, "top_p": 0.0}
    return {"temperature": float(temperature), "top_p": float(top_p)}
