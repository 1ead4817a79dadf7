"""SQLite with the OPTIONS that the check prints: two web processes save while a worker writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

WRITER = """
import django, sys
django.setup()
from demo_store.catalogue.models import Product
from django.db import transaction
from shop_ai import jobs
me, keys = sys.argv[1], [int(key) for key in sys.argv[2:]]
for turn in range(40):
    for key in keys[turn % 3 :: 3]:
        with transaction.atomic():
            product = Product.objects.select_for_update().get(pk=key)
            product.stock += 1
            product.save()
            jobs.enqueue("describe_product", product)
print("saved")
"""
WORKER = """
import django
django.setup()
from shop_ai.worker import Worker, build_backend
from shop_ai.models import Job, moves
worker = Worker(build_backend())
worker.backend.open()
for _ in range(60):
    worker.work_off()
    moves.reap()
worker.backend.close()
print("worked")
"""


@pytest.mark.django_db(transaction=True)
def test_two_processes_save_beside_a_worker_and_nobody_is_locked_out(shop, tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite")
    from demo_store.catalogue.models import Product
    from shop_ai.models import Job
    from tests.models.invariants import violations
    from tests.shop import products

    rows = products(12)
    keys = [str(row.pk) for row in rows]
    settings = tmp_path / "side_settings.py"
    name = str(connection.settings_dict["NAME"])
    settings.write_text(
        f"from tests.settings import *\nDATABASES['default']['NAME'] = {name!r}\n"
        "CELERY_BROKER_URL = 'memory://'\n"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "side_settings",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])]),
    }
    programs = [[WRITER, "a", *keys], [WRITER, "b", *reversed(keys)], [WORKER]]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", *program],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for program in programs
    ]
    ended = [process.communicate(timeout=240) for process in running]

    assert [out.strip() for out, _ in ended] == ["saved", "saved", "worked"], ended
    assert not any("locked" in error for _, error in ended)
    total = sum(len(keys[turn % 3 :: 3]) for turn in range(40)) * 2
    assert sum(Product.objects.values_list("stock", flat=True)) == total
    assert Job.objects.exists()
    assert violations() == []
