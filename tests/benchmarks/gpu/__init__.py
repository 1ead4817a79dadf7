"""A GPU under the whole product: free text against the bare manager, chat beside bulk, choices.

`make bench ONLY=gpu` where there is a CUDA device; `python -m tests.benchmarks.gpu --tiny` runs every line of
it on the CPU with a language model of a few megabytes, whose figures mean nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.gpu.scale import EIGHT, Scale
from tests.benchmarks.report import Figure

NOTHING = (
    "There is no CUDA device here, so nothing is measured; "
    "`python -m tests.benchmarks.gpu --tiny` tries the script out on the CPU."
)


def run() -> list[Figure]:
    import torch

    if not torch.cuda.is_available():
        print(NOTHING)
        return []
    return measure(EIGHT)


def measure(scale: Scale) -> list[Figure]:
    with TemporaryDirectory() as var:
        os.environ.update(scale.environment(), SHOP_VAR=var)
        import django

        django.setup()
        return _measure(scale)


def _measure(scale: Scale) -> list[Figure]:
    from tests.benchmarks.gpu import bare, beside, whole

    scale.make()
    whole.fill(scale)
    rates: dict[str, list[float]] = {}
    for number in range(scale.rounds):
        for name, rate in _round(scale):
            rates.setdefault(name, []).append(rate)
            print(f"round {number + 1}: {name} {rate:.1f} tokens/s", flush=True)
    with scale.opened(engine="manager", rows=max(scale.rows)) as backend:
        facts = backend.describe()
        for name, rate in bare.managed(backend, scale):
            rates[name] = [rate]
            print(f"{name} {rate:.1f} tokens/s", flush=True)
        found_beside = [*beside.chat(backend, scale), *beside.choices(backend, scale)]
    return [*_figures(scale, rates, facts), *found_beside]


def _round(scale: Scale) -> Iterator[tuple[str, float]]:
    from tests.benchmarks.gpu import bare, whole

    for rows in scale.rows:
        yield f"shop_ai {rows}", whole.rate(scale, rows)
    with scale.opened(engine="loop", rows=max(scale.rows)) as backend:
        yield from bare.rates(backend, scale)


def _figures(scale: Scale, rates: dict[str, list[float]], facts: dict[str, Any]) -> list[Figure]:
    from tests.benchmarks.gpu import bare

    medians = {name: median(found) for name, found in rates.items()}
    told = ", ".join(f"{name} {rate:.0f}" for name, rate in medians.items())
    where = f"{scale.name}, {facts['device']}, {facts['dtype']}, {facts['attention']}"
    detail = f"{where}; medians of {scale.rounds} alternating runs, tokens/s: {told}"
    figures = []
    for rows in scale.rows:
        ours, theirs = medians[f"shop_ai {rows}"], medians[f"generate_batch {rows}"]
        limit = medians[f"memory bandwidth {rows}"]
        figures += [
            Figure(name=f"gpu.tokens_{rows}", value=ours, unit="tokens/s", detail=detail),
            Figure(
                name=f"gpu.of_generate_batch_{rows}",
                value=100 * ours / theirs,
                unit="%",
                target="≥ 95",
                detail=f"{where}; {ours:.0f} against {theirs:.0f} tokens/s",
            ),
            Figure(
                name=f"gpu.of_bandwidth_{rows}",
                value=100 * ours / limit,
                unit="%",
                detail=f"{where}; reading weights and cache alone would allow {limit:.0f} tokens/s",
            ),
        ]
    most, few = max(scale.rows), min(bare.LOOPED, max(scale.rows))
    ours, bound = medians[f"shop_ai {most}"], medians[f"manager with schemas {most}"]
    return [
        *figures,
        _times("gpu.worker_over_manager", ours, medians[f"manager {most}"], where),
        _times("gpu.schema_over_free", bound, medians[f"manager {most}"], where),
        _times("gpu.schema_over_loop", bound, medians[f"loop with schemas {few}"], where),
        _times("gpu.over_one_by_one", ours, medians["one by one"], where),
        _times("gpu.manager_over_loop", ours, medians[f"loop {few}"], where),
    ]


def _times(name: str, ours: float, theirs: float, where: str) -> Figure:
    detail = f"{where}; {ours:.0f} against {theirs:.0f} tokens/s"
    return Figure(name=name, value=ours / theirs, unit="×", detail=detail)
