"""Beside bulk: how long a chat waits for its first token; and how many choices are weighed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from statistics import median, quantiles
from typing import Any

from tests.benchmarks.engine import subjects
from tests.benchmarks.engine.subjects import about, reviews, together
from tests.benchmarks.gpu.bare import arithmetic
from tests.benchmarks.gpu.scale import Scale
from tests.benchmarks.report import Figure

KEPT_FREE = 2
"""Rows that the worker keeps for interactive requests."""


@contextmanager
def bulk(backend: Any, scale: Scale) -> Iterator[list[Any]]:
    """Every other row is busy, for longer than the measurement takes."""
    rows = max(1, max(scale.rows) - KEPT_FREE)
    longest = backend.loop.intake.longest // 2
    wanted = [replace(request, max_tokens=min(1500, longest)) for request in subjects.texts(rows)]
    steps = _steps(backend)
    futures = [backend.submit(request) for request in wanted]
    while _steps(backend) < steps + 3:
        time.sleep(0.01)
    yield futures
    for future in futures:
        future.cancel()


def _steps(backend: Any) -> int:
    return int(getattr(backend.loop.writing.manager._inner, "current_batch", 0))


def chat(backend: Any, scale: Scale) -> list[Figure]:
    chats = [
        replace(subjects.texts(1)[0], messages=about(text), max_tokens=1) for text in reviews(scale.chats)
    ]
    alone = [together(backend, [request])[0] for request in chats]
    figures = [_waits("gpu.chat_alone", alone, "nothing else runs")]
    with bulk(backend, scale) as futures:
        waits = [together(backend, [request])[0] for request in chats]
        unfinished = sum(not future.done() for future in futures)
    told = f"{unfinished} texts of bulk were being written"
    figures.append(_waits("gpu.chat_beside_text", waits, told))
    with bulk(backend, scale):
        weighed = [backend.submit(request) for request in subjects.choices(4 * scale.choices)]
        waits = [together(backend, [request])[0] for request in chats]
        unfinished = sum(not future.done() for future in weighed)
        for future in weighed:
            future.cancel()
    told += f", and {unfinished} of {len(weighed)} choices still waited"
    return [*figures, _waits("gpu.chat_beside_both", waits, told)]


def _waits(name: str, waits: list[float], told: str) -> Figure:
    p95 = quantiles(waits, n=20)[18]
    detail = f"p95 {1000 * p95:.0f} ms of {len(waits)}; {told}"
    return Figure(name=f"{name}_p50", value=1000 * median(waits), unit="ms", detail=detail)


def choices(backend: Any, scale: Scale) -> list[Figure]:
    """Rows a second when nothing else runs, beside what the arithmetic of their tokens alone would take."""
    wanted = subjects.choices(scale.choices)
    together(backend, wanted[:64])
    rates = [len(wanted) / together(backend, wanted)[0] for _ in range(scale.rounds)]
    model, prompts = backend.loop.network.model, backend.loop.intake.prompts
    tokens = sum(len(prompts.prompt(request.messages).rest) for request in wanted) / len(wanted)
    parameters = sum(tensor.numel() for tensor in model.parameters())
    parameters -= model.get_input_embeddings().weight.numel()
    size = 8192 if scale.device == "cuda" else 512
    limit = arithmetic(scale.device, scale.dtype, size) / (2 * parameters * tokens)
    ours = median(rates)
    detail = f"{tokens:.0f} tokens a row behind the shared prefix; arithmetic alone allows {limit:.0f} rows/s"
    return [
        Figure(name="gpu.choose_rows", value=ours, unit="rows/s", detail=detail),
        Figure(name="gpu.choose_of_limit", value=100 * ours / limit, unit="%", detail=detail),
    ]
