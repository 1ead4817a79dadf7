"""Loads a verified checkpoint: offline, safetensors only, no code of its own. Imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache, GenerationConfig
from transformers.cache_utils import DynamicLayer
from transformers.utils import logging as loud

from shop_ai.exceptions import CheckpointError
from shop_ai.lm.checkpoints.manifest import Manifest

SAFE = {"local_files_only": True, "trust_remote_code": False}


@dataclass(frozen=True, slots=True)
class Loaded:
    model: Any
    tokenizer: Any
    stops: frozenset[int]
    """Tokens that end an answer."""
    full_attention: bool
    """Every layer looks at all earlier tokens, so rows of the cache can be cut and joined."""


def load(manifest: Manifest, *, device: torch.device, dtype: torch.dtype) -> Loaded:
    """Load model and tokenizer; raises `CheckpointError` with one sentence."""
    path = str(manifest.path)
    loud.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, **SAFE)
        model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, use_safetensors=True, **SAFE)
        stops = _stops(path, tokenizer)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"The checkpoint {manifest.name} could not be loaded: {reason}") from error
    model.train(False).requires_grad_(False).to(device)
    return Loaded(model, tokenizer, stops, _full_attention(model))


def _stops(path: str, tokenizer: Any) -> frozenset[int]:
    try:
        found = GenerationConfig.from_pretrained(path, local_files_only=True).eos_token_id
    except OSError:  # no generation_config.json
        found = None
    ids = found if isinstance(found, list) else [found]
    stops = frozenset(int(i) for i in [*ids, tokenizer.eos_token_id] if i is not None)
    if not stops:
        raise CheckpointError("it does not say which token ends an answer.")
    return stops


def _full_attention(model: Any) -> bool:
    layers = DynamicCache(config=model.config).layers
    return len(layers) == model.config.get_text_config().num_hidden_layers and all(
        type(layer) is DynamicLayer for layer in layers
    )


def parameters(manifest: Manifest) -> int:
    """How many numbers the weights are made of, by their files' headers."""
    total = 0
    for file in manifest.path.glob("*.safetensors"):
        with safe_open(file, framework="pt") as tensors:
            total += sum(prod(tensors.get_slice(name).get_shape()) for name in tensors.keys())
    return total


def bytes_per_token(model: Any) -> int:
    """What one token takes in the cache."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(config.num_hidden_layers * 2 * heads * size * model.dtype.itemsize)
