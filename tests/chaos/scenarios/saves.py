"""Products saved through the store's own admin while Redis is away (F6)."""

from __future__ import annotations

import time
from statistics import median

from django.contrib.auth import get_user_model
from django.test import Client

from shop_ai import tasks
from shop_ai.models import Job
from tests.benchmarks.report import Figure
from tests.celery.goods import form
from tests.celery.harness import counts, wait_until
from tests.chaos.play import play
from tests.chaos.scene import Scene, scene
from tests.chaos.stage import Stage

AT_ONCE = {"describe_product": {}}


def run(stage: Stage) -> list[Figure]:
    number = stage.size(50, 500)
    with scene(stage, "saves", products=1, workers=1, ON_CREATE=AT_ONCE) as going:
        wait_until(going.crew.awake, "the worker")
        there, _ = _save(going, range(number))
        stage.redis.kill()
        away, refused = _save(going, range(number, 2 * number))
        queued = Job.objects.count()
        going.keys = list(Job.objects.values_list("target_id", flat=True))
        going.asked = set(going.keys)
        play(going)
        added = 1000 * (median(away) - median(there))
        told = f"medians {1000 * median(away):.0f} and {1000 * median(there):.0f} ms, "
        told += f"worst {1000 * max(away):.0f} and {1000 * max(there):.0f} ms"
        return [
            going.zero("refused", refused, f"of {number} saves while Redis was away"),
            going.figure("queued", queued, unit="jobs", target=f"= {2 * number}"),
            going.figure("succeeded", counts()["succeeded"], unit="jobs", target=f"= {2 * number}"),
            going.figure("added", added, unit="ms", target="≤ 100", detail=told),
            *going.figures(),
        ]


def _save(going: Scene, numbers: range) -> tuple[list[float], int]:
    """Seconds of each save, and how many were not what a merchant expects: back to the list."""
    user, _ = get_user_model().objects.get_or_create(username="chaos", is_staff=True, is_superuser=True)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    tasks.bell = tasks.Bell()
    times, refused = [], 0
    for number in numbers:
        began = time.monotonic()
        answer = client.post("/admin/catalogue/product/add/", form(number))
        times.append(time.monotonic() - began)
        refused += answer.status_code != 302
    return times, refused
