"""llama.cpp on the same GGUF file, as its server runs it: one stream, 8 and 32 slots."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.benchmarks.engine.subjects import ROWS, opened, texts, together
from tests.benchmarks.report import Figure

SLOTS = (1, 8, 32)
SINGLE = 16


def run() -> list[Figure]:
    """Ours and llama.cpp's, one after the other: they must not share the cores."""
    requests = texts()
    found = []
    with opened() as backend:
        together(backend, requests[:8])
        ours = {slots: _ours(backend, requests, slots) for slots in SLOTS}
    for slots in SLOTS:
        theirs = _theirs(requests[: SINGLE if slots == 1 else ROWS], slots)
        detail = f"llama.cpp, 4 bit, {slots} slots {theirs:.0f} tokens/s; ours, bf16, {ours[slots]:.0f}"
        found.append(
            Figure(name=f"llama.over_ours_{slots}", value=theirs / ours[slots], unit="×", detail=detail)
        )
    return found


def _ours(backend: Any, requests: Sequence[Any], at_once: int) -> float:
    """Tokens a second with so many requests at a time."""
    asked = requests[: SINGLE if at_once == 1 else ROWS]
    return _rate(asked, at_once, lambda request: backend.submit(request).result().tokens_out)


def _theirs(requests: Sequence[Any], slots: int) -> float:
    from tests.lm.servers import gguf, llama_cpp

    with llama_cpp(gguf(), slots=slots, threads=2) as url:

        def asked(request: Any) -> int:
            body = {
                "messages": [{"role": m.role, "content": m.text} for m in request.messages],
                "max_tokens": request.max_tokens,
                "temperature": 0,
            }
            sent = urllib.request.Request(
                f"{url}/chat/completions",
                data=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(sent, timeout=600) as answer:
                return int(json.load(answer)["usage"]["completion_tokens"])

        asked(requests[0])
        return _rate(requests, slots, asked)


def _rate(requests: Sequence[Any], at_once: int, asked: Any) -> float:
    started = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        tokens = sum(pool.map(asked, requests))
    return tokens / (time.monotonic() - started)
