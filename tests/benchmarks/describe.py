"""End-to-end descriptions per minute: shop_ai, the usual tutorial at its best, the bare batch loop."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from tests.benchmarks.machines import celery, servers, wait_until
from tests.benchmarks.report import Figure

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
PRODUCTS = int(os.environ.get("BENCH_PRODUCTS", "100"))
TUTORIAL_PRODUCTS = int(os.environ.get("BENCH_TUTORIAL_PRODUCTS", "8"))
PROCESSES = 2
QUEUES = "shop_ai.interactive,shop_ai.bulk,shop_ai.upkeep"


def run() -> list[Figure]:
    with servers() as environment:
        os.environ.update(environment)
        import django

        django.setup()
        return _run()


def _run() -> list[Figure]:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("seed_store", verbosity=0)
    call_command("ai_model", "install", "smollm2-135m", verbosity=0)
    rates: dict[str, list[float]] = {name: [] for name in SIDES}
    for number in range(ROUNDS):
        for name, measure in SIDES.items():
            rates[name].append(measure())
            print(f"round {number + 1}: {name} {rates[name][-1]:.1f} descriptions a minute", flush=True)
    return _figures(rates)


def _figures(rates: dict[str, list[float]]) -> list[Figure]:
    medians = {name: median(found) for name, found in rates.items()}
    ours, bare = medians["shop_ai"], medians["bare loop"]
    tutorial = max(rate for name, rate in medians.items() if name.startswith("tutorial"))
    told = ", ".join(f"{name} {rate:.1f}/min" for name, rate in medians.items())
    rounds = f"medians of {ROUNDS} alternating runs: {told}"
    return [
        Figure(name="describe.per_minute", value=ours, unit="texts/min", detail=rounds),
        Figure(name="describe.over_tutorial", value=ours / tutorial, unit="×", target="≥ 5", detail=rounds),
        Figure(name="describe.of_bare_loop", value=100 * ours / bare, unit="%", target="≥ 90", detail=rounds),
    ]


def _products(number: int) -> list[Any]:
    """Products with four facts or more, each as often as it takes; facts are the same on every side."""
    from demo_store.catalogue.models import Product

    rows = Product.objects.filter(language="en").order_by("pk")
    enough = [row for row in rows.prefetch_related("attributes") if row.attributes.count() >= 4]
    return [enough[i % len(enough)] for i in range(number)]


def copies(number: int) -> list[int]:
    """That many products of their own in the database: keys."""
    from demo_store.catalogue.models import Attribute, Product

    Product.objects.filter(sku__startswith="BENCH-").delete()
    made = []
    for index, row in enumerate(_products(number)):
        facts = list(row.attributes.all())
        copy = Product.objects.get(pk=row.pk)
        copy.pk, copy.sku, copy.long_text = None, f"BENCH-{index}", ""
        copy.save()
        Attribute.objects.bulk_create(
            Attribute(product=copy, name=fact.name, value=fact.value) for fact in facts
        )
        made.append(copy.pk)
    return made


def _shop_ai() -> float:
    """From the first job claimed to the last result stored, by a real worker on PostgreSQL and Redis."""
    from demo_store.catalogue.models import Product
    from shop_ai import jobs
    from shop_ai.models import Job, Suggestion, WorkerBoot
    from shop_ai.models.job import LIVE

    Suggestion.objects.all().delete()
    Job.objects.all().delete()
    WorkerBoot.objects.all().delete()
    keys = copies(PRODUCTS)

    def done() -> bool:
        return not Job.objects.filter(state__in=LIVE).exists()

    with celery("demo_store", "-Q", QUEUES, "--pool=solo") as process:
        wait_until(lambda: WorkerBoot.objects.filter(state="ready").exists(), process)
        jobs.enqueue("describe_product", Product.objects.filter(pk=keys[0]))
        wait_until(done, process)
        started = time.monotonic()
        jobs.enqueue("describe_product", Product.objects.filter(pk__in=keys[1:]), lane="bulk")
        wait_until(done, process)
        seconds = time.monotonic() - started
    wrong = Job.objects.exclude(state="succeeded").count()
    if wrong:
        raise RuntimeError(f"{wrong} of {PRODUCTS} jobs did not succeed.")
    return 60 * (PRODUCTS - 1) / seconds


def _bare_loop() -> float:
    """The same requests handed to the backend all at once, in a process of its own."""
    import json
    import subprocess
    import sys

    keys = json.dumps(copies(PRODUCTS))
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bare", keys], check=True, capture_output=True, text=True
    )
    return float(done.stdout.splitlines()[-1])


def _tutorial(*options: str, threads: int, asks: str) -> float:
    from demo_store.catalogue.models import Product
    from tests.benchmarks.tutorial import describe

    keys = copies(TUTORIAL_PRODUCTS + PROCESSES)
    described = Product.objects.filter(pk__in=keys).exclude(long_text="")
    environment = {
        "TUTORIAL_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "TUTORIAL_ASKS": asks,
    }
    with celery("tests.benchmarks.tutorial", "-Q", "tutorial", *options, environment=environment) as process:
        for key in keys[:PROCESSES]:  # every process has loaded its model before the clock starts
            describe.delay(key)
        wait_until(lambda: described.count() == PROCESSES, process)
        started = time.monotonic()
        for key in keys[PROCESSES:]:
            describe.delay(key)
        wait_until(lambda: described.count() == len(keys), process)
        return 60 * TUTORIAL_PRODUCTS / (time.monotonic() - started)


SOLO, PREFORK = ("--pool=solo",), ("--pool=prefork", "-c", str(PROCESSES))
SIDES: dict[str, Callable[[], float]] = {
    "shop_ai": _shop_ai,
    "bare loop": _bare_loop,
    "tutorial for each fact, solo × 2 threads": lambda: _tutorial(*SOLO, threads=2, asks="each"),
    "tutorial for each fact, prefork 2 × 1": lambda: _tutorial(*PREFORK, threads=1, asks="each"),
    "tutorial for the page, solo × 2 threads": lambda: _tutorial(*SOLO, threads=2, asks="once"),
    "tutorial for the page, prefork 2 × 1": lambda: _tutorial(*PREFORK, threads=1, asks="once"),
}
