"""What the engine is asked, the same on every side, and the engine itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from statistics import median
from typing import Any

from shop_ai.lm.base import Choose, Generate, Message, Segment, says

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
ROWS = 96
STARS = ("1", "2", "3", "4", "5")


@contextmanager
def opened(**options: Any) -> Iterator[Any]:
    """The local backend on the embedded checkpoint, as a worker opens it."""
    from shop_ai.lm.checkpoints import DEFAULT_FOLDER, install
    from shop_ai.lm.local import LocalBackend

    install("smollm2-135m")
    backend = LocalBackend("smollm2-135m", {"folder": str(DEFAULT_FOLDER), **options})
    backend.open()
    try:
        yield backend
    finally:
        backend.close()


def reviews(number: int) -> list[str]:
    """Reviews of the demo store's own writing, of one to six sentences."""
    from demo_store.seed.opinions import Pool

    dice, pool, found = Random(5), Pool("english", "any"), []
    while len(found) < number:
        kind = dice.choice([name for name in pool.kinds if name != "any"])
        found += [opinion.body for opinion in pool.opinions(kind, 8, dice)]
    return found[:number]


def texts(number: int = ROWS) -> list[Generate]:
    """Free text of mixed lengths: 16 to 96 tokens are asked for, after prompts of 60 to 110."""
    dice = Random(7)
    return [
        Generate(messages=about(review), max_tokens=dice.choice(range(16, 97, 8)))
        for review in reviews(number)
    ]


def about(review: str) -> tuple[Message, ...]:
    task = "A customer of our shop wrote this review. Write a friendly answer of several sentences.\n"
    return says("system", "You work for an online shop."), says("user", task, untrusted(review))


def choices(number: int) -> list[Choose]:
    """A review each, and how many stars its writer gave: the same question before every one."""
    task = (
        "Read the customer's review below and say how many stars, from 1 to 5, the customer gave. "
        "1 is very unhappy, 3 is neither, 5 is very happy. Answer with one digit only.\n"
    )
    frame = says("system", "You judge reviews for an online shop.")
    return [
        Choose(messages=(frame, says("user", task, untrusted(review))), answers=STARS)
        for review in reviews(number)
    ]


def untrusted(text: str) -> Segment:
    return Segment(text=text, trusted=False)


def together(backend: Any, requests: Sequence[Any]) -> tuple[float, list[Any]]:
    """Seconds until all are answered when all are asked at once, and the answers."""
    started = time.monotonic()
    futures = [backend.submit(request) for request in requests]
    found = [future.result() for future in futures]
    return time.monotonic() - started, found


def alternating(sides: dict[str, Callable[[], float]]) -> dict[str, float]:
    """The median rate of each side over rounds in which they take turns."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(ROUNDS):
        for name, measure in sides.items():
            rates[name].append(measure())
            print(f"round {number + 1}: {name} {rates[name][-1]:.1f}/s", flush=True)
    return {name: median(found) for name, found in rates.items()}


def told(rates: dict[str, float], unit: str) -> str:
    return ", ".join(f"{name} {rate:.0f} {unit}/s" for name, rate in rates.items())
