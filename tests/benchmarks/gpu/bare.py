"""The same prompts without jobs: `generate_batch`, `generate`, our loop alone, what the memory allows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.engine import schema
from tests.benchmarks.engine.subjects import together
from tests.benchmarks.engine.text import one_by_one, ours, prompts
from tests.benchmarks.gpu.scale import Scale
from tests.benchmarks.gpu.whole import products
from tests.benchmarks.requests import requests_for

LOOPED = 64
"""Rows for our loop, which writes for minutes where the manager takes seconds."""
COPIED = 1 << 30
"""Bytes of the copy by which the memory is measured."""


def rates(backend: Any, scale: Scale) -> Iterator[tuple[str, float]]:
    """Tokens a second of each side; `backend` is our loop, whose model all of them use."""
    asked, few = _asked(scale), min(LOOPED, max(scale.rows))
    yield "one by one", one_by_one(backend, asked[: scale.alone])
    yield f"loop {few}", ours(backend, asked[:few])
    yield f"loop with schemas {few}", _bound(backend, few)
    speed = bandwidth(scale.device)
    for rows in scale.rows:
        some = asked[: scale.texts * rows]
        yield f"generate_batch {rows}", generate_batch(backend, some, rows)
        yield f"memory bandwidth {rows}", limit(backend, some, rows, speed)


def managed(backend: Any, scale: Scale) -> Iterator[tuple[str, float]]:
    """Tokens a second of the manager as the worker has it, without jobs, worker and database."""
    asked, most = _asked(scale), max(scale.rows)
    together(backend, asked[:1])
    yield f"manager {most}", ours(backend, asked)
    yield f"manager with schemas {most}", _bound(backend, len(asked))


def _bound(backend: Any, number: int) -> float:
    wanted = schema.requests(number)
    together(backend, wanted[:2])  # the masks are made ready
    return schema.rate(backend, wanted)


def _asked(scale: Scale) -> list[Any]:
    return [requests_for(row, "write_freely")[0] for row in products(scale.texts * max(scale.rows))]


def generate_batch(backend: Any, asked: list[Any], rows: int, **more: Any) -> float:
    """transformers' own call, greedy, with the attention that shop_ai takes, and warm."""
    from transformers import ContinuousBatchingConfig, GenerationConfig

    from shop_ai.lm.local.attention import for_pages, is_flash, twin

    attention = for_pages(backend.loop.network.model)
    model, ids = twin(backend.loop.network.model, attention), prompts(backend, asked)
    generation = GenerationConfig(
        do_sample=False,
        max_new_tokens=asked[0].max_tokens,
        eos_token_id=sorted(backend.loop.intake.stops),
        pad_token_id=0,
    )
    page = 256 if is_flash(attention) else 32
    config = ContinuousBatchingConfig(
        max_requests_per_batch=rows,
        auto_switch_to_flash=False,
        page_size=page,
        num_blocks=_blocks(backend, asked, page),
        max_batch_tokens=None if is_flash(attention) else 1024,
        **more,
    )
    settings = {"generation_config": generation, "continuous_batching_config": config}
    model.generate_batch(ids[:rows], persistent_manager=True, **settings)
    started = time.monotonic()
    outputs = model.generate_batch(ids, persistent_manager=True, **settings)
    seconds = time.monotonic() - started
    model.destroy_cached_continuous_batching_manager()
    if any(output.error for output in outputs.values()):
        raise RuntimeError("generate_batch failed.")
    return sum(len(output.generated_tokens) for output in outputs.values()) / seconds


def _blocks(backend: Any, asked: list[Any], page: int) -> int | None:
    """On a GPU it finds its size by itself; a CPU would give it most of the main memory."""
    if backend.loop.network.device.type == "cuda":
        return None
    longest = max(map(len, prompts(backend, asked))) + asked[0].max_tokens
    return 2 * len(asked) * (longest // page + 1)


def limit(backend: Any, asked: list[Any], rows: int, speed: float) -> float:
    """Tokens a second if reading the weights and half-grown caches were all that a step takes."""
    from shop_ai.lm.local.checkpoint import bytes_per_token

    model, ids = backend.loop.network.model, prompts(backend, asked)
    weights = sum(tensor.numel() * tensor.element_size() for tensor in model.parameters())
    length = sum(map(len, ids)) / len(ids) + asked[0].max_tokens / 2
    return rows * speed / (weights + rows * length * bytes_per_token(model))


def bandwidth(device: str) -> float:
    """Bytes a second that a large copy reads and writes."""
    import torch

    source = torch.ones(COPIED, dtype=torch.uint8, device=device)
    target, best = torch.empty_like(source), 0.0
    for _ in range(5):
        _wait(device)
        started = time.perf_counter()
        target.copy_(source)
        _wait(device)
        best = max(best, 2 * COPIED / (time.perf_counter() - started))
    return best


def arithmetic(device: str, dtype: str, size: int) -> float:
    """Operations a second of a large product of matrices."""
    import torch

    square = torch.ones((size, size), dtype=getattr(torch, dtype), device=device)
    best = 0.0
    for _ in range(5):
        _wait(device)
        started = time.perf_counter()
        square @ square
        _wait(device)
        best = max(best, 2 * size**3 / (time.perf_counter() - started))
    return best


def _wait(device: str) -> None:
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
