"""From logits to tokens, each row by its own rules. Imports torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from shop_ai.lm.local.masks import allowed
from shop_ai.lm.local.ticket import Row

HEAD = 256
"""Tokens that are sorted first; a nucleus rarely needs more."""


def draw(logits: Tensor, rows: Sequence[Row]) -> list[int]:
    """The next token of each row. A row that has none gets an `error`."""
    logits = _masked(logits.float(), rows)
    best, tokens = logits.max(dim=-1)
    chosen: list[int] = tokens.tolist()
    for row, top in zip(rows, best.tolist(), strict=True):
        if not -1e30 < top < float("inf"):  # false for nan as well
            row.error = row.error or "The language model's numbers are out of range."
    sampled = [i for i, row in enumerate(rows) if row.request.sampling.temperature > 0 and not row.error]
    if sampled:
        picked = _sample(logits[sampled], [rows[i] for i in sampled])
        for i, token in zip(sampled, picked, strict=True):
            chosen[i] = token
    return chosen


def _masked(logits: Tensor, rows: Sequence[Row]) -> Tensor:
    guided = [i for i, row in enumerate(rows) if row.guide is not None]
    if not guided:
        return logits
    mask = allowed([rows[i] for i in guided], logits.shape[-1])
    logits[guided] = logits[guided].masked_fill(~mask.to(logits.device), -float("inf"))
    return logits


def _sample(logits: Tensor, rows: Sequence[Row]) -> list[int]:
    """One uniform number a row, looked up in the cumulated probabilities."""
    temperatures = torch.tensor([row.request.sampling.temperature for row in rows], device=logits.device)
    probabilities = torch.softmax(logits / temperatures[:, None], dim=-1)
    uniform = torch.tensor([row.random.random() for row in rows], device=logits.device)
    top_p = torch.tensor([row.request.sampling.top_p for row in rows], device=logits.device)
    tokens = torch.zeros(len(rows), dtype=torch.long, device=logits.device)
    whole = top_p >= 1  # no nucleus, so nothing to sort
    if bool(whole.any()):
        tokens[whole] = _pick(probabilities[whole].cumsum(dim=-1), uniform[whole])
    if not bool(whole.all()):
        tokens[~whole] = _nucleus(probabilities[~whole], top_p[~whole], uniform[~whole])
    picked: list[int] = tokens.tolist()
    return picked


def _nucleus(probabilities: Tensor, top_p: Tensor, uniform: Tensor) -> Tensor:
    """Draw from the most probable tokens that together reach `top_p`."""
    head, order = probabilities.topk(min(HEAD, probabilities.shape[-1]), dim=-1)
    if bool((head.sum(dim=-1) < top_p).any()):
        head, order = probabilities.sort(dim=-1, descending=True)
    cumulated = head.cumsum(dim=-1)
    kept = 1 + (cumulated < top_p[:, None]).sum(dim=-1, keepdim=True)
    kept = kept.clamp(max=cumulated.shape[-1])
    reached = cumulated.gather(-1, kept - 1).squeeze(-1)
    place = _pick(torch.minimum(cumulated, reached[:, None]), uniform)
    return order.gather(-1, place[:, None]).squeeze(-1)


def _pick(cumulated: Tensor, uniform: Tensor) -> Tensor:
    """The place where the cumulated probabilities pass a uniform number; never one of probability 0."""
    last = cumulated[:, -1:]
    wanted = torch.minimum(uniform[:, None] * last, last * (1 - 1e-7))
    return torch.searchsorted(cumulated, wanted, right=True).squeeze(-1)
