"""The bare batch loop: the requests of these products, all at once, no jobs and no broker."""

from __future__ import annotations

import json
import sys
import time

import django

django.setup()


def main(keys: list[int]) -> None:
    from demo_store.catalogue.models import Product
    from shop_ai.worker import build_backend
    from tests.benchmarks.requests import requests_for

    products = Product.objects.filter(pk__in=keys).select_related("maker").prefetch_related("attributes")
    asked = [request for product in products for request in requests_for(product)]
    backend = build_backend()
    backend.open()
    for future in [backend.submit(request) for request in asked[:7]]:
        future.result()
    started = time.monotonic()
    for future in [backend.submit(request) for request in asked]:
        future.result()
    seconds = time.monotonic() - started
    backend.close()
    print(60 * len(keys) / seconds)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
