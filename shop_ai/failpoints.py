"""Named places where a test may make the process die or wait; no-ops unless switched on.

`SHOP_AI_FAILPOINTS="in_claim=kill:0.1,before_commit=sleep:2"` in the environment of a worker.
"""

from __future__ import annotations

import os
import random
import signal
import time
from functools import lru_cache


@lru_cache(maxsize=1)
def _enabled() -> dict[str, tuple[str, float]]:
    found = {}
    for item in filter(None, os.environ.get("SHOP_AI_FAILPOINTS", "").split(",")):
        name, _, what = item.partition("=")
        action, _, amount = what.partition(":")
        found[name] = (action, float(amount or 1))
    return found


def reach(name: str) -> None:
    """Do what the environment says happens here: `kill:probability` or `sleep:seconds`."""
    action, amount = _enabled().get(name, ("", 0.0))
    if action == "kill" and random.random() < amount:  # noqa: S311 - chaos, not cryptography
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "sleep":
        time.sleep(amount)
