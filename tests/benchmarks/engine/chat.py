"""A chat request that arrives while the batch is full of bulk work: how long until its first token."""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median, quantiles
from typing import Any

from tests.benchmarks.engine.subjects import about, reviews, texts, together
from tests.benchmarks.report import Figure

CHATS = 40
PAUSE = 0.15
"""Seconds between two chat requests, so that each meets the batch at another moment."""


def run(backend: Any) -> list[Figure]:
    chats = [
        replace(texts(1)[0], messages=about(review), max_tokens=1, urgent=True) for review in reviews(CHATS)
    ]
    prefill = median(together(backend, [chat])[0] for chat in chats[:10])
    waits, step = beside_bulk(backend, chats)
    bound = 2 * step + prefill
    p95 = quantiles(waits, n=20)[18]
    detail = (
        f"p50 {1000 * median(waits):.0f} ms, p95 {1000 * p95:.0f} ms; a decode step of the full batch "
        f"{1000 * step:.0f} ms, its own prefill alone {1000 * prefill:.0f} ms"
    )
    return [
        Figure(name="chat.first_token_p50", value=1000 * median(waits), unit="ms", detail=detail),
        Figure(name="chat.of_bound", value=median(waits) / bound, unit="×", target="≤ 1", detail=detail),
    ]


def beside_bulk(backend: Any, chats: list[Any]) -> tuple[list[float], float]:
    """Seconds to the first token of each chat, and of a decode step, while every other row is busy."""
    bulk = [replace(request, max_tokens=400) for request in texts(backend.rows - 1)]
    stops, backend.loop.intake.stops = backend.loop.intake.stops, frozenset({-1})  # nobody ends before
    futures = [backend.submit(request) for request in bulk]
    while len(backend.loop.active) < len(bulk):
        time.sleep(0.01)
    waits = []
    forwards, busy = backend.loop.network.forwards, backend.loop.network.busy
    for chat in chats:
        started = time.monotonic()
        backend.submit(chat).result()
        waits.append(time.monotonic() - started)
        time.sleep(PAUSE)
    network = backend.loop.network
    step = (network.busy - busy) / (network.forwards - forwards)
    for future in futures:
        future.cancel()
    backend.loop.intake.stops = stops
    return waits, step
