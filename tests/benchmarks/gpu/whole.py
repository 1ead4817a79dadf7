"""Free text through all of shop_ai: jobs in a database, a real Celery worker, suggestions."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from tests.benchmarks.describe import QUEUES, copies
from tests.benchmarks.gpu.scale import Scale
from tests.benchmarks.machines import celery, wait_until


def fill(scale: Scale) -> None:
    """A store with as many products as the largest run describes."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("seed_store", verbosity=0)
    copies((scale.texts + 1) * max(scale.rows))


def products(number: int) -> Any:
    from demo_store.catalogue.models import Product

    keys = Product.objects.filter(sku__startswith="BENCH-").order_by("pk").values_list("pk", flat=True)
    return Product.objects.filter(pk__in=list(keys[:number]))


def rate(scale: Scale, rows: int) -> float:
    """Tokens a second, from the click to the last stored suggestion, with so many requests at a time."""
    from django.db.models import Sum

    from shop_ai import jobs
    from shop_ai.models import Attempt, Job, Suggestion, WorkerBoot
    from shop_ai.models.job import LIVE

    for table in (Suggestion, Attempt, Job, WorkerBoot):
        table.objects.all().delete()
    warm = list(products((scale.texts + 1) * rows))[scale.texts * rows :]
    asked = products(scale.texts * rows)

    def done() -> bool:
        return not Job.objects.filter(state__in=LIVE).exists()

    options = json.dumps(scale.options(engine="manager", rows=rows))
    environment = {"BENCH_OPTIONS": options, "SHOP_VAR": os.environ["SHOP_VAR"]}
    with celery("demo_store", "-Q", QUEUES, "--pool=solo", environment=environment) as process:
        wait_until(lambda: WorkerBoot.objects.filter(state="ready").exists(), process)
        jobs.enqueue("write_freely", warm, lane="bulk")  # `generate_batch` is warmed by as many
        wait_until(done, process)
        Attempt.objects.all().delete()
        started = time.monotonic()
        jobs.enqueue("write_freely", asked, lane="bulk")
        wait_until(done, process)
        seconds = time.monotonic() - started
    wrong = Job.objects.exclude(state="succeeded").count()
    if wrong:
        raise RuntimeError(f"{wrong} of {scale.texts * rows} jobs did not succeed.")
    return float(Attempt.objects.aggregate(tokens=Sum("tokens_out"))["tokens"]) / seconds
