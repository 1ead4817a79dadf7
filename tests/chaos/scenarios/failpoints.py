"""kill -9 at named places: while claiming, just before a commit, just after it (F2, F3)."""

from __future__ import annotations

from collections import deque

from shop_ai.models import Suggestion
from tests.benchmarks.report import Figure
from tests.chaos import ledger
from tests.chaos.play import play
from tests.chaos.scene import scene
from tests.chaos.stage import Stage

LAST = {"in_claim": 2, "before_commit": 6, "after_commit": 6}
"""Place → the last time a worker may reach it."""


def places(stage: Stage, each: int) -> list[tuple[str, int]]:
    """Where the next worker dies, and the how manieth time it is there."""
    chance = stage.chance("failpoints")
    found = [(place, chance.randint(1, last)) for place, last in LAST.items() for _ in range(each)]
    chance.shuffle(found)
    return found


def run(stage: Stage) -> list[Figure]:
    each = stage.size(4, 50)
    number, left = 15 * len(LAST) * each, deque(places(stage, each))

    def arm() -> dict[str, str]:
        if not left:
            return {}
        place, time = left.popleft()
        return {"SHOP_AI_FAILPOINTS": f"{place}=kill_at:{time}"}

    with scene(stage, "failpoints", products=number, arm=arm, LM=stage.echo(0.2, 12)) as going:
        going.ask()
        play(going)
        return [
            going.figure("kills", going.crew.killed, target=f"= {len(places(stage, each))}"),
            *going.figures(dead=sum(ledger.dead().values())),
            going.figure("results", Suggestion.objects.count(), target=f"= {number}", detail="one to a job"),
        ]
