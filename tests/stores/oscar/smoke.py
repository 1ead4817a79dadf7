"""Migrates an oscar store, writes one description, applies it, reverts it; prints what happened as JSON."""

from __future__ import annotations

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.stores.oscar.with_ai")
django.setup()

from django.core.management import call_command  # noqa: E402

call_command("migrate", verbosity=0)
call_command("check", fail_level="WARNING", tags=["shop_ai"])

from oscar.core.loading import get_model  # noqa: E402

from shop_ai import jobs  # noqa: E402
from shop_ai.models import Job, Suggestion  # noqa: E402
from shop_ai.worker import Worker, build_backend  # noqa: E402

Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")
ProductAttribute = get_model("catalogue", "ProductAttribute")
Category = get_model("catalogue", "Category")


def make_product() -> Product:
    """A product with attributes and a category, through oscar's own models."""
    kind = ProductClass.objects.create(name="Mug")
    for code, name in [("material", "Material"), ("capacity", "Capacity"), ("origin", "Made in")]:
        ProductAttribute.objects.create(product_class=kind, code=code, name=name, type="text")
    product = Product(title="Ridge mug", product_class=kind, structure=Product.STANDALONE)
    product.attr.material = "stoneware"
    product.attr.capacity = "350 ml"
    product.attr.origin = "Portugal"
    product.save()
    product.categories.add(Category.add_root(name="Kitchen"))
    return product


def main() -> int:
    product = make_product()
    jobs.enqueue("describe_product", product)
    worker = Worker(build_backend())
    worker.backend.open()
    worker.work_off()
    worker.backend.close()
    job = Job.objects.get()
    suggestion = Suggestion.objects.get()
    jobs.apply(suggestion, by=None)
    product.refresh_from_db()
    applied = product.description
    jobs.revert(suggestion, by=None)
    product.refresh_from_db()
    report = {"state": job.state, "prompt_facts": suggestion.provenance["fields"], "applied": applied}
    print(json.dumps({**report, "reverted_to": product.description}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
