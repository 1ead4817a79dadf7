"""How large the run is, and its language model: of a common shape, with random weights, made here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.report import BUILD

FOLDER = BUILD / "checkpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    name: str
    shape: dict[str, Any]
    """Settings of a Qwen3Config."""
    device: str
    dtype: str
    rows: tuple[int, ...]
    """Requests at a time."""
    tokens: int
    """Tokens of each text; random weights end none before."""
    texts: int
    """Texts for each request at a time."""
    alone: int
    """Texts that are written one by one."""
    chats: int
    choices: int
    rounds: int
    cache_tokens: int | None = None

    def options(self, **more: Any) -> dict[str, Any]:
        given = {"device": self.device, "dtype": self.dtype, **more}
        return given if self.cache_tokens is None else {**given, "cache_tokens": self.cache_tokens}

    def environment(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
            "BENCH_CHECKPOINT": self.name,
            "BENCH_CHECKPOINTS": str(FOLDER),
            "BENCH_SKILL": "tests.benchmarks.skill.WriteFreely",
            "BENCH_TOKENS": str(self.tokens),
            "BENCH_OPTIONS": json.dumps(self.options()),
        }

    def make(self) -> Path:
        """The checkpoint on disk: the embedded one's tokenizer, its vocabulary filled up to the shape's."""
        import torch
        from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

        from shop_ai.lm import checkpoints

        path = FOLDER / self.name
        if (path / "manifest.json").exists():
            return path
        given = os.environ.get("BENCH_TOKENIZER")
        words = AutoTokenizer.from_pretrained(given or checkpoints.install("smollm2-135m").path)
        torch.manual_seed(1)
        config = Qwen3Config(**self.shape, eos_token_id=words.eos_token_id, bos_token_id=None)
        with torch.device(self.device):
            model = Qwen3ForCausalLM._from_config(config, dtype=getattr(torch, self.dtype))
        model.save_pretrained(path)
        words.save_pretrained(path)
        checkpoints.seal(path, name=self.name, source="random numbers", licence="BSD-3-Clause")
        return path

    @contextmanager
    def opened(self, **options: Any) -> Iterator[Any]:
        """The backend in this process."""
        from shop_ai.lm.local import LocalBackend

        backend = LocalBackend(self.name, {"folder": FOLDER, **self.options(**options)})
        backend.open()
        try:
            yield backend
        finally:
            backend.close()
            _empty()


def _empty() -> None:
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


EIGHT = Scale(
    name="random-qwen3-8b",
    shape={
        "vocab_size": 151936,
        "hidden_size": 4096,
        "intermediate_size": 12288,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 8192,
        "tie_word_embeddings": False,
    },
    device="cuda",
    dtype="bfloat16",
    rows=tuple(map(int, os.environ.get("BENCH_ROWS", "1,32,256").split(","))),
    tokens=int(os.environ.get("BENCH_TOKENS", "256")),
    texts=int(os.environ.get("BENCH_TEXTS", "4")),
    alone=2,
    chats=40,
    choices=1024,
    rounds=int(os.environ.get("BENCH_ROUNDS", "3")),
)
TINY = Scale(
    name="random-tiny",
    shape={
        "vocab_size": 49280,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": False,
    },
    device="cpu",
    dtype="float32",
    rows=(1, 4),
    tokens=8,
    texts=2,
    alone=2,
    chats=2,
    choices=8,
    rounds=1,
    cache_tokens=16384,
)
