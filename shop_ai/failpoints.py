"""Named places where a test may make the process die or wait; no-ops unless switched on.

`SHOP_AI_FAILPOINTS="in_claim=kill:0.1,before_commit=sleep:2"` in the environment of a worker;
`after_commit=kill_at:3` dies there at the third time, so that a run can be repeated.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from functools import lru_cache

_reached: Counter[str] = Counter()


@lru_cache(maxsize=1)
def _enabled() -> dict[str, tuple[str, float]]:
    found = {}
    for item in filter(None, os.environ.get("SHOP_AI_FAILPOINTS", "").split(",")):
        name, _, what = item.partition("=")
        action, _, amount = what.partition(":")
        found[name] = (action, float(amount or 1))
    return found


def reach(name: str) -> None:
    """Do what the environment says happens here: `kill:probability`, `kill_at:time` or `sleep:seconds`."""
    action, amount = _enabled().get(name, ("", 0.0))
    if action == "sleep":
        time.sleep(amount)
    elif action and _dies(name, action, amount):
        os.kill(os.getpid(), signal.SIGKILL)


def _dies(name: str, action: str, amount: float) -> bool:
    _reached[name] += 1
    if action == "kill_at":
        return _reached[name] == amount
    return action == "kill" and random.random() < amount  # noqa: S311 - chaos, not cryptography
