"""Choices: ours, the prefix recomputed for each row, the label generated, the bare forward passes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

from tests.benchmarks.engine.subjects import alternating, choices, together, told
from tests.benchmarks.engine.text import prompts
from tests.benchmarks.report import Figure

ROWS = 512
SINGLE = 48
BATCH = 64
"""Rows of one bare forward pass: as many as our engine weighs at once."""


def run(backend: Any) -> list[Figure]:
    requests = choices(ROWS)
    together(backend, requests[:BATCH])
    rates = alternating(
        {
            "ours": lambda: ROWS / together(backend, requests)[0],
            "prefix recomputed": lambda: recomputed(backend, requests[: ROWS // 2]),
            "label generated one by one": lambda: generated(backend, requests[:SINGLE]),
            "bare forward passes": lambda: bare(backend, requests),
        }
    )
    detail = told(rates, "rows")
    ours, again, label, forward = rates.values()
    return [
        Figure(name="choose.rows_per_second", value=ours, unit="rows/s", detail=detail),
        Figure(name="choose.over_generated", value=ours / label, unit="×", target="≥ 2", detail=detail),
        Figure(name="choose.over_recomputed", value=ours / again, unit="×", target="≥ 1.4", detail=detail),
        Figure(name="choose.of_bare", value=100 * ours / forward, unit="%", target="≥ 85", detail=detail),
    ]


def recomputed(backend: Any, requests: Sequence[Any]) -> float:
    """The same engine, forbidden to share what all prompts begin with."""
    with patch.object(backend.loop.rows, "worth_sharing", lambda *_: False):
        return len(requests) / together(backend, requests)[0]


def generated(backend: Any, requests: Sequence[Any]) -> float:
    """`generate` of the digit and the end of the turn, a row at a time."""
    import torch

    model, ids, started = backend.loop.network.model, prompts(backend, requests), time.monotonic()
    with torch.inference_mode():
        for row in ids:
            model.generate(
                input_ids=torch.tensor([row]),
                attention_mask=torch.ones((1, len(row)), dtype=torch.long),
                max_new_tokens=2,
                do_sample=False,
                pad_token_id=0,
            )
    return len(requests) / (time.monotonic() - started)


def bare(backend: Any, requests: Sequence[Any]) -> float:
    """The same tokens, sorted by length, in plain forward passes; what all begin with counted once."""
    import torch

    model = backend.loop.network.model
    made = [backend.loop.intake.prompts.prompt(request.messages) for request in requests]
    rest = sorted((list(prompt.rest) for prompt in made), key=len)
    started = time.monotonic()
    with torch.inference_mode():
        decoder, head = model.get_decoder(), model.get_output_embeddings()
        decoder(input_ids=torch.tensor([list(made[0].prefix)]), use_cache=False)
        for first in range(0, len(rest), BATCH):
            part = rest[first : first + BATCH]
            width = max(map(len, part))
            ids = torch.tensor([row + [0] * (width - len(row)) for row in part])
            hidden = decoder(input_ids=ids, use_cache=False).last_hidden_state
            last = torch.tensor([len(row) - 1 for row in part])
            torch.log_softmax(head(hidden[torch.arange(len(part)), last]).float(), dim=-1)
    return len(requests) / (time.monotonic() - started)
