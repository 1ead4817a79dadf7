"""Goes through the faults of a scene, in their order, until every job has ended."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from tests.chaos.faults import KINDS
from tests.chaos.plan import Fault
from tests.chaos.scene import Scene

TICK = 0.05
SHOW = 5.0
"""Seconds between two lines of progress."""
PATIENCE = 120.0
"""Seconds, beside eight leases, without a job that ends; then the scene is given up, as its figures say."""


def play(scene: Scene, faults: Sequence[Fault] = (), *, patience: float = PATIENCE) -> None:
    """Jobs in flight, faults that wait, workers that are replaced."""
    left, shown_at = deque(faults), 0.0
    scene.planned += len(left)
    scene.moved_at = time.monotonic()
    while left or scene.due or not scene.over:
        scene.crew.mend()
        scene.tick()
        if left and _is_due(scene, left[0]) and KINDS[left[0].kind](scene, left[0]):
            scene.struck.append(left.popleft())
        if time.monotonic() - shown_at >= SHOW:
            shown_at = time.monotonic()
            show(scene)
        if scene.over or time.monotonic() - scene.moved_at > patience + 8 * scene.stage.lease:
            left.clear()  # nothing is left to be hit, or nothing moves any more
            if not scene.over and not scene.due:
                break
        time.sleep(5 * TICK if scene.stage.long else TICK)
    show(scene)


def _is_due(scene: Scene, fault: Fault) -> bool:
    return scene.ended >= fault.at * len(scene.keys)


def show(scene: Scene) -> None:
    passed = time.monotonic() - scene.began
    print(
        f"  {scene.name}: {scene.ended} of {len(scene.keys)} jobs, "
        f"{len(scene.struck)} of {scene.planned} faults, {passed:.0f} s",
        flush=True,
    )
