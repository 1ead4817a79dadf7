"""People and products for the tests of the API."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from demo_store.catalogue.models import Attribute, Category, Maker, Product
from shop_ai import jobs
from shop_ai.models import Job, Suggestion
from shop_ai.worker import Worker, build_backend

ROW = ("catalogue.change_product",)
ALL = (
    "shop_ai.generate",
    "shop_ai.apply",
    "shop_ai.bulk",
    "shop_ai.see_prompts",
    "shop_ai.view_job",
    "shop_ai.view_suggestion",
)
JOBS = "/ai/v1/jobs/"
SUGGESTIONS = "/ai/v1/suggestions/"


def product(number: int = 1, **changes: Any) -> Product:
    """A product with enough facts to write from."""
    maker, _ = Maker.objects.get_or_create(name="Northlight")
    category, _ = Category.objects.get_or_create(slug="kettles", defaults={"name": "Kettles"})
    values = {"title": f"Kettle {number}", "price": 30, **changes}
    found = Product.objects.create(sku=f"K-{number}", maker=maker, category=category, **values)
    Attribute.objects.create(product=found, name="Material", value="steel")
    Attribute.objects.create(product=found, name="Volume", value="1.7 l")
    return found


def products(count: int) -> list[Product]:
    """Many at once, without facts."""
    maker, _ = Maker.objects.get_or_create(name="Northlight")
    category, _ = Category.objects.get_or_create(slug="kettles", defaults={"name": "Kettles"})
    rows = [
        Product(sku=f"M-{n}", title=f"Kettle {n}", maker=maker, category=category, price=30)
        for n in range(count)
    ]
    return Product.objects.bulk_create(rows)


def person(name: str, *codes: str, staff: bool = True, **changes: Any) -> User:
    """A user with exactly these permissions."""
    user = User.objects.create_user(name, is_staff=staff, **changes)
    for code in codes:
        label, _, codename = code.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=label, codename=codename))
    return user


def client(user: User | None = None) -> APIClient:
    found = APIClient()
    if user is not None:
        found.force_login(user)
    return found


def work() -> None:
    """What the worker would do."""
    Worker(build_backend()).work_off()


def suggestion(row: Product, by: User | None = None) -> Suggestion:
    """A written text that waits for a person."""
    jobs.enqueue("describe_product", row, by=by)
    work()
    return Suggestion.objects.get(job=Job.objects.latest("created_at"))
