"""The options of the local backend, as far as they can be judged without torch. No Django, no torch."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from shop_ai.exceptions import CheckpointError
from shop_ai.lm.checkpoints.manifest import location

NUMBERS: Mapping[str, int] = {"rows": 1, "room": 1, "threads": 0, "cache_tokens": 1, "page": 1}
"""Whole numbers, and the least that each may be."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "dtype": ("auto", "bfloat16", "float16", "float32"),
    "engine": ("auto", "loop", "manager"),
    "process": ("auto", "own", "same"),
}
OPTIONS = ("folder", "adapter_folder", "device", *WORDS, *NUMBERS, "turn", "template")
NVIDIA = "/dev/nvidiactl"
"""There while the driver is loaded."""
DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")


class Problem(NamedTuple):
    """A mistake in the settings, with the number of its system check."""

    number: str
    text: str
    hint: str


def problems(checkpoint: str, given: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the name of the checkpoint and with the values of options."""
    try:
        location(checkpoint)
    except CheckpointError:
        text = f"SHOP_AI['LM']['CHECKPOINT'] is {checkpoint!r}, which is not the name of a checkpoint."
        names = 'Write a name such as "smollm2-135m" or "owner/name"; `manage.py ai_model list` shows what is'
        yield Problem("E046", text, f'{names} installed. A folder belongs into SHOP_AI["CHECKPOINTS"].')
    for name, words in WORDS.items():
        if given.get(name, "auto") not in words:
            yield _unfit(name, given, f"Write one of: {', '.join(words)}.")
    if not DEVICE.fullmatch(str(given.get("device", "auto"))):
        yield _unfit("device", given, 'Write "auto", "cpu", "cuda" or, for the second card, "cuda:1".')
    for name, least in NUMBERS.items():
        value = given.get(name, least)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            yield _unfit(name, given, f"Write a whole number, {least} or more.")
    turn = given.get("turn", 1)
    if isinstance(turn, bool) or not isinstance(turn, int | float) or not 0 < turn < math.inf:
        yield _unfit("turn", given, "Write a number of seconds, more than 0.")


def on_gpu(given: Mapping[str, Any]) -> bool:
    """Whether it will compute on a GPU, as far as can be told without torch."""
    device = str(given.get("device", "auto"))
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return device.startswith("cuda") or (device == "auto" and not hidden and Path(NVIDIA).exists())


def _unfit(name: str, given: Mapping[str, Any], hint: str) -> Problem:
    return Problem("E039", f"SHOP_AI['LM']['OPTIONS'][{name!r}] is {given[name]!r}.", hint)
