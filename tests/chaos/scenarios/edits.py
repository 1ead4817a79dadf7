"""People edit or delete products before and while the language model writes (F15, F16, F16b, F17)."""

from __future__ import annotations

from shop_ai.models import Job, State, Suggestion
from tests.benchmarks.report import Figure
from tests.celery.harness import wait_until
from tests.chaos import ledger, people
from tests.chaos.play import play
from tests.chaos.scene import scene
from tests.chaos.stage import Stage

MANY = 100_000
"""Rows of the language model: all jobs run at the same time."""
WRITING = 6.0
"""Seconds it takes for them."""
KINDS = ("before", "facts", "text", "delete", "untouched")


def run(stage: Stage) -> list[Figure]:
    number = stage.size(100, 1_000)
    echo = {"BACKEND": "shop_ai.lm.echo.EchoBackend", "OPTIONS": {"latency": WRITING, "room": MANY}}
    with scene(stage, "edits", products=len(KINDS) * number, workers=0, LM=echo, LEASE=30.0) as going:
        keys = list(going.keys)
        stage.chance("edits").shuffle(keys)
        groups = {kind: keys[n * number : (n + 1) * number] for n, kind in enumerate(KINDS)}
        going.ask()
        done = {"before": sum(people.edit("text", key) for key in groups["before"])}
        going.crew.start(1)
        wait_until(lambda: not Job.objects.filter(state=State.QUEUED).exists(), "the jobs to run")
        for kind in ("facts", "text", "delete"):
            done[kind] = sum(people.edit(kind, key) for key in groups[kind])
        going.typed = {str(key) for kind in ("before", "text") for key in groups[kind]}
        play(going)
        about = Job.objects.filter(target_id__in=map(str, groups["facts"]))
        noticed, again = (about.filter(state=state).count() for state in (State.STALE, State.SUCCEEDED))
        kept = Suggestion.objects.filter(target_id__in=going.typed, stale=True).count()
        gone = Job.objects.filter(error_class="target_gone", state=State.CANCELLED).count()
        in_time = ", ".join(f"{n} {kind}" for kind, n in done.items())
        return [
            going.figure("in_time", sum(done.values()), target=f"= {4 * number}", detail=in_time),
            *going.figures(old_texts=ledger.old_texts(), overwritten=ledger.overwritten(going.typed)),
            going.figure("new_texts", again, target=f"= {number}", detail=f"{noticed} answers were outdated"),
            going.figure("kept_aside", kept, target=f"= {2 * number}", detail="for the person who typed"),
            going.figure("target_gone", gone, target=f"= {number}"),
        ]
