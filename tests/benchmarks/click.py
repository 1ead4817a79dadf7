"""One click on the bulk action over `number` products, in a web process of its own; prints JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from itertools import islice
from typing import Any

import django

django.setup()


def fill(number: int) -> None:
    """That many products with two facts each, and nobody else."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    from demo_store.catalogue.models import Attribute, Category, Maker, Product
    from shop_ai.models import Batch, Job

    call_command("migrate", verbosity=0)
    Job.objects.all().delete()
    Batch.objects.all().delete()
    Product.objects.all().delete()
    get_user_model().objects.filter(username="bench").delete()
    get_user_model().objects.create_superuser("bench", password="bench")
    category, _ = Category.objects.get_or_create(name="Bench", slug="bench")
    maker, _ = Maker.objects.get_or_create(name="Bench")
    rows = (
        Product(sku=f"B{n}", title=f"Bench {n}", maker=maker, category=category, price=1)
        for n in range(number)
    )
    while chunk := list(islice(rows, 500)):
        made = Product.objects.bulk_create(chunk)
        Attribute.objects.bulk_create(
            Attribute(product=product, name=name, value="3 m")
            for product in made
            for name in ("Width", "Length")
        )


def click() -> dict[str, Any]:
    """Choose all, confirm, start: the last request is the one that is measured."""
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import setup_test_environment

    setup_test_environment()
    client = Client()
    client.force_login(get_user_model().objects.get(username="bench"))
    url = "/admin/catalogue/product/"
    first = client.get(url)
    one = str(first.context["cl"].result_list[0].pk)
    form = {
        "action": "shop_ai_describe_product",
        "_selected_action": [one],
        "select_across": "1",
        "index": "0",
    }
    confirm = client.post(url, form)
    assert confirm.status_code == 200, confirm.status_code
    options = {field.html_name: field.value() or "" for field in confirm.context["form"]}
    statements = 0

    def count(execute: Any, sql: str, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(sql, *arguments)

    started = time.monotonic()
    with connection.execute_wrapper(count):
        done = client.post(url, {**form, **options, "shop_ai-step": "start", "shop_ai-keep": "on"})
    seconds = time.monotonic() - started
    assert done.status_code == 302, done.content[:2000]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"statements": statements, "seconds": seconds, "peak": peak}


def main(step: str, number: int) -> None:
    from shop_ai.models import Job

    if step == "fill":
        fill(number)
        return
    found = click()
    assert Job.objects.count() == number, Job.objects.count()
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
