"""What a worker's own facts say of its hardware, and what would make better use of it. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shop_ai.tasks import start_command

Facts = Mapping[str, Any]
WITHOUT_FLASH = (
    "Attention is {attention}: without flash attention there are no CUDA graphs, no asynchronous batching "
    "and no fast path for single tokens."
)


def summary(facts: Facts) -> str:
    """Where and how the language model computes; empty where a worker says nothing of it."""
    if "device" not in facts:
        return ""
    told = [f"{facts['device']} in {facts['dtype']}", f"attention {facts['attention']}"]
    told += [f"engine {facts['engine']}", f"room {facts['room']}", f"loaded in {facts['load_seconds']} s"]
    if facts.get("tokens_per_second"):
        told.append(f"{facts['tokens_per_second']} tokens a second so far")
    return ", ".join(told)


def advice(facts: Facts) -> Iterator[tuple[str, str]]:
    """What this worker could do better, and how."""
    if not str(facts.get("device", "")).startswith("cuda"):
        return
    if not facts.get("flash"):
        yield (
            WITHOUT_FLASH.format(**facts),
            "pip install 'shop-ai[cuda]', or 'shop-ai[cuda-older]' for a GPU before Hopper",
        )
    elif facts["engine"] != "manager":
        text = f"Our own loop writes free text here, not the manager: {facts.get('no_manager', 'so asked')}."
        yield text, 'Set the option "engine" to "auto", or take a checkpoint that the manager can run.'
    if facts.get("gpus", 1) > 1:
        text = f"A worker uses one GPU, and this one sees {facts['gpus']}."
        yield text, one_each(facts["gpus"])


def shared(workers: Iterable[Facts]) -> list[str]:
    """The GPUs that more than one worker computes on."""
    count = Counter(str(facts["gpu"]) for facts in workers if facts.get("gpu"))
    return sorted(gpu for gpu, number in count.items() if number > 1)


def one_each(gpus: int) -> str:
    """How to start a worker for every GPU."""
    numbers = "0" if gpus < 2 else f"0 … {gpus - 1}"
    return f"One worker each, with CUDA_VISIBLE_DEVICES={numbers}: {start_command()}"
