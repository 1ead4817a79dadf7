"""Turns the embedded GGUF file into bfloat16 safetensors, once. Imports torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
from transformers.utils import logging as loud

from shop_ai.exceptions import CheckpointError


def convert(gguf: Path, target: Path) -> None:
    """Write weights, configuration, tokenizer and chat template of a GGUF file into `target`."""
    loud.disable_progress_bar()  # type: ignore[no-untyped-call]
    where = {"gguf_file": gguf.name, "local_files_only": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **where)
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            dtype=torch.bfloat16,
            quantization_config=GgufConfig(dequantize=True),
            trust_remote_code=False,
            **where,
        )
    except (ValueError, KeyError, RuntimeError) as error:
        raise CheckpointError(f"{gguf.name} could not be converted: {error}") from error
    _split_digits(tokenizer, gguf)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    for file in target.iterdir():  # safetensors writes them for the owner alone
        os.chmod(file, 0o644)


def _split_digits(tokenizer: Any, gguf: Path) -> None:
    """Read digits one by one, as the checkpoint was trained: transformers' GGUF reader forgets that."""
    from gguf import GGUFReader

    field = GGUFReader(gguf).get_field("tokenizer.ggml.pre")
    if field is not None and field.contents() == "smollm":
        tokenizer.backend_tokenizer.pre_tokenizer = Sequence(
            [Digits(individual_digits=True), ByteLevel(add_prefix_space=False, use_regex=True)]
        )
