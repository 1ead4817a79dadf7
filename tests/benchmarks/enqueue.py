"""Ten thousand products from the admin's bulk action: statements, seconds, peak memory of the web process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.benchmarks.machines import servers
from tests.benchmarks.report import Figure


def run() -> list[Figure]:
    with servers() as environment:
        measured = {number: _measure(number, environment) for number in (1000, 10000)}
    small, large = measured[1000], measured[10000]
    told = f"1,000: {small['statements']:.0f} statements, {small['peak']:.0f} MB"
    return [
        Figure(
            name="enqueue.statements",
            value=large["statements"],
            unit="statements",
            target="≤ 40",
            detail=told,
        ),
        Figure(
            name="enqueue.seconds",
            value=large["seconds"],
            unit="s",
            detail=f"1,000: {small['seconds']:.2f} s",
        ),
        Figure(
            name="enqueue.memory",
            value=large["peak"] / small["peak"],
            unit="×",
            target="≤ 1.1",
            detail=f"peak of the web process {large['peak']:.0f} MB against {small['peak']:.0f} MB",
        ),
    ]


def _measure(number: int, environment: dict[str, str]) -> dict[str, float]:
    """Each step in a process of its own, so that the peak is that of the click alone."""
    command = [sys.executable, "-m", "tests.benchmarks.click"]
    skill = "shop_ai.skills.DescribeProduct"
    given = {**os.environ, **environment, "SHOP_LM": "shop_ai.lm.echo.EchoBackend", "BENCH_SKILL": skill}
    subprocess.run([*command, "fill", str(number)], env=given, check=True)
    clicked = [*command, "click", str(number)]
    done = subprocess.run(clicked, env=given, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
