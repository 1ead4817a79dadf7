"""Free text of mixed lengths: our loop, transformers' `generate` one by one, static batches of 32."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tests.benchmarks.engine.subjects import alternating, texts, together, told
from tests.benchmarks.report import Figure

BATCH = 32
SINGLE = 16
"""One by one is measured on a part of the rows; the rate does not depend on how many there are."""


def run(backend: Any) -> list[Figure]:
    requests = texts()
    together(backend, requests[:8])
    rates = alternating(
        {
            "our loop": lambda: ours(backend, requests),
            "static batches of 32": lambda: static(backend, requests),
            "one by one": lambda: one_by_one(backend, requests[:SINGLE]),
        }
    )
    detail = told(rates, "tokens")
    ours_, static_, single = rates.values()
    return [
        Figure(name="text.tokens_per_second", value=ours_, unit="tokens/s", detail=detail),
        Figure(name="text.over_one_by_one", value=ours_ / single, unit="×", target="≥ 6", detail=detail),
        Figure(name="text.over_static", value=ours_ / static_, unit="×", target="≥ 1.1", detail=detail),
    ]


def ours(backend: Any, requests: Sequence[Any]) -> float:
    seconds, answers = together(backend, requests)
    return sum(answer.tokens_out for answer in answers) / seconds


def prompts(backend: Any, requests: Sequence[Any]) -> list[list[int]]:
    """Token ids, made by the same code for every side."""
    made = [backend.loop.intake.prompts.prompt(request.messages) for request in requests]
    return [[*prompt.prefix, *prompt.rest] for prompt in made]


def one_by_one(backend: Any, requests: Sequence[Any]) -> float:
    return _generated(backend, requests, 1)


def static(backend: Any, requests: Sequence[Any]) -> float:
    """Sorted by length, as whoever batches by hand would."""
    return _generated(backend, sorted(requests, key=lambda request: request.max_tokens), BATCH)


def _generated(backend: Any, requests: Sequence[Any], size: int) -> float:
    """Useful tokens a second: what a row was asked for and no more, without padding after its end."""
    import torch

    model, stops = backend.loop.network.model, sorted(backend.loop.intake.stops)
    ids, tokens, started = prompts(backend, requests), 0, time.monotonic()
    for first in range(0, len(ids), size):
        part, asked = ids[first : first + size], [r.max_tokens for r in requests[first : first + size]]
        width = max(map(len, part))
        with torch.inference_mode():
            written = model.generate(
                input_ids=torch.tensor([[0] * (width - len(row)) + row for row in part]),
                attention_mask=torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in part]),
                max_new_tokens=max(asked),
                do_sample=False,
                eos_token_id=stops,
                pad_token_id=stops[0],
            )[:, width:]
        tokens += sum(_useful(row, most, stops) for row, most in zip(written.tolist(), asked, strict=True))
    return tokens / (time.monotonic() - started)


def _useful(row: list[int], most: int, stops: list[int]) -> int:
    end = next((place for place, token in enumerate(row) if token in stops), len(row))
    return min(end, most)
