"""Failpoints: nothing without the environment, and what it says with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from shop_ai import failpoints

REACH = (
    "from shop_ai.failpoints import reach\nfor n in range(5):\n    print(n, flush=True)\n    reach('here')"
)


def run(points):
    environment = {**os.environ, "SHOP_AI_FAILPOINTS": points}
    return subprocess.run([sys.executable, "-c", REACH], env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("points", "code", "last"),
    [
        ("", 0, 4),
        ("elsewhere=kill", 0, 4),
        ("here=kill:0", 0, 4),
        ("here=kill", -signal.SIGKILL, 0),
        ("here=kill_at:3", -signal.SIGKILL, 2),
        ("elsewhere=kill,here=kill_at:1", -signal.SIGKILL, 0),
        ("here=kill_at:6", 0, 4),
    ],
)
def test_process_dies_where_the_environment_says(points, code, last):
    done = run(points)

    assert (done.returncode, done.stdout.split()[-1]) == (code, str(last))


def test_process_waits_where_the_environment_says(monkeypatch):
    naps = []
    monkeypatch.setenv("SHOP_AI_FAILPOINTS", "here=sleep:2")
    monkeypatch.setattr(failpoints.time, "sleep", naps.append)
    failpoints._enabled.cache_clear()
    try:
        failpoints.reach("here")
    finally:
        failpoints._enabled.cache_clear()

    assert naps == [2.0]
