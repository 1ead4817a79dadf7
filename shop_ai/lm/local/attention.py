"""Which attention the manager computes with, and the same weights under two of them. Imports torch."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from transformers.utils.import_utils import (
    is_flash_attn_2_available,
    is_flash_attn_3_available,
    is_flash_attn_4_available,
)

from shop_ai.lm.local.shared import NAME

HALF = (torch.bfloat16, torch.float16)
LARGEST_HEAD = 256
HOPPER = (9, 0)
"""The oldest GPUs that flash attention 4 computes on."""


def for_pages(model: Any) -> str:
    """The best attention over a paged cache that is installed: flash where it can be used.

    Asked without transformers' own fallback, which downloads kernels: nothing is fetched here.
    """
    if model.device.type == "cuda" and model.dtype in HALF and model._supports_flash_attn and _fits(model):
        hopper = torch.cuda.get_device_capability(model.device) >= HOPPER
        # 3 and 2 read pages where they lie, so a batch that only decodes takes a faster path with them
        for version, usable in (
            (3, is_flash_attn_3_available()),
            (2, is_flash_attn_2_available()),
            (4, hopper and is_flash_attn_4_available()),
        ):
            if usable:
                return f"flash_attention_{version}"
    present = str(model.config._attn_implementation)
    # ours is sdpa but for prefixes, which pages have in their own way
    return {"eager": "paged|eager", NAME: "sdpa"}.get(present, present)


def _fits(model: Any) -> bool:
    """Flash attention has no kernels for other sizes of a head."""
    config = model.config.get_text_config()
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return bool(size % 8 == 0 and size <= LARGEST_HEAD)


def is_flash(attention: str) -> bool:
    return attention.startswith("flash")


def twin(model: Any, attention: str) -> Any:
    """A second model with another attention and the very same tensors.

    Flash attention cannot read the masks of the loop, so each engine has a model of its own; a weight that
    is changed in place changes for both.
    """
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    other = deepcopy(model, shared)
    other.set_attn_implementation(attention)
    return other
