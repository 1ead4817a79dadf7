"""Attention to a prefix that many rows begin with: read once for all of them, held once. Imports torch.

A row's softmax goes over its prefix and over its own tokens. Both are computed apart, with the logarithm
of what each adds up to, and put together by that. On GPUs this is known as cascade attention; here it is for
the CPU, where reading the same keys again for every row is what a step waits for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "shop_ai_shared"
"""Of this attention, among transformers' own."""
SHORT = 384
"""Tokens of a prefix up to which two products are faster than the CPU's flash kernel (1.8 times at 63)."""
CHANGES = ("softcap", "position_bias", "s_aux")
"""What some architectures change the weights of attention by; their rows have copies."""


@dataclass(frozen=True, slots=True, eq=False)
class Prefix:
    """The first tokens of rows, computed."""

    length: int
    layers: list[list[Tensor]]
    """Keys and values of each layer: heads × tokens × size of a head."""


@dataclass(slots=True, eq=False)
class Shared:
    """Which prefix each row of a forward pass has in front of its own tokens."""

    prefixes: Sequence[Prefix | None]
    _mask: Tensor | None = field(default=None, init=False)

    def groups(self) -> Iterator[tuple[Prefix, list[int]]]:
        """Each prefix with the rows that have it."""
        rows: dict[int, list[int]] = {}
        for row, prefix in enumerate(self.prefixes):
            rows.setdefault(id(prefix), []).append(row)
        for places in rows.values():
            prefix = self.prefixes[places[0]]
            if prefix is not None:
                yield prefix, places

    def mask(self, allowed: Tensor, times: int, dtype: torch.dtype) -> Tensor:
        """The mask to add, for `times` heads that read the same keys; made by the first layer for all."""
        if self._mask is None:
            added = torch.zeros(allowed.shape, dtype=dtype).masked_fill_(~allowed, -float("inf"))
            self._mask = added.repeat(1, 1, times, 1)
        return self._mask


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    shared: Shared | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """transformers' form of an attention; without anything `shared` it is transformers' own sdpa."""
    if shared is None:
        plain: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **kwargs
        )
        return plain
    if unknown := [name for name in CHANGES if kwargs.get(name) is not None]:
        raise ValueError(f"A prefix that is held apart has no {unknown[0]}.")
    assert attention_mask is not None  # noqa: S101 - a pass with prefixes always has one
    rows, heads, columns, size = query.shape
    pairs = key.shape[1]
    # heads that read the same keys stand below each other, so no key is copied
    packed = query.reshape(rows, pairs, -1, size)
    mask = shared.mask(attention_mask, heads // pairs, query.dtype)
    own, sums = _flash(packed, key, value, scaling, mask)
    for prefix, places in shared.groups():
        everybody = len(places) == rows
        some = packed if everybody else packed[places]
        keys, values = prefix.layers[module.layer_idx]
        out, more = _in_front(some, keys, values, scaling)
        if everybody:
            own = _together(own, sums, out, more)
        else:
            own[places] = _together(own[places], sums[places], out, more)
    return own.reshape(rows, heads, columns, size).transpose(1, 2).contiguous(), None


def _in_front(packed: Tensor, key: Tensor, value: Tensor, scaling: float | None) -> tuple[Tensor, Tensor]:
    """All tokens of all rows against the one prefix, as if they were one long row."""
    rows, pairs, tokens, size = packed.shape
    long = packed.transpose(0, 1).reshape(1, pairs, rows * tokens, size)
    look = _written_out if key.shape[1] <= SHORT else _flash
    out, sums = look(long, key[None], value[None], scaling, None)
    return (
        out.view(pairs, rows, tokens, size).transpose(0, 1),
        sums.reshape(pairs, rows, tokens).transpose(0, 1),
    )


def _written_out(
    query: Tensor, key: Tensor, value: Tensor, scaling: float | None, mask: None
) -> tuple[Tensor, Tensor]:
    """As `_flash` for one long row without a mask, in two large products."""
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    start = key.new_empty(key.shape[1], 1, 1)
    scores = torch.baddbmm(start, query[0], key[0].transpose(1, 2), beta=0, alpha=scale).float()
    top = scores.amax(dim=-1, keepdim=True)
    weights = scores.sub_(top).exp_()
    total = weights.sum(dim=-1, keepdim=True)
    out = torch.bmm(weights.to(value.dtype), value[0]).div_(total.to(value.dtype))
    return out[None], total.log_().add_(top)[None, ..., 0]


def _together(one: Tensor, sums: Tensor, other: Tensor, more: Tensor) -> Tensor:
    """Two parts of one softmax, weighed by what each adds up to."""
    weight = torch.sigmoid(more - sums)[..., None].to(one.dtype)
    return torch.lerp(one, other, weight)


def _flash(
    query: Tensor, key: Tensor, value: Tensor, scaling: float | None, mask: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Attention, and the logarithm of what its weights add up to, which sdpa on the CPU keeps back."""
    out, sums = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        query, key, value, 0.0, False, attn_mask=mask, scale=scaling
    )
    return out, sums


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
