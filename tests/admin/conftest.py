"""A small catalogue, people with and without permissions, and a worker that runs in the test's own thread."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import translation

from demo_store.catalogue.models import Attribute, Category, Maker, Product
from shop_ai.models import Job, Suggestion
from shop_ai.worker import Worker, build_backend

FACTS = {"Material": "beech wood", "Height": "42 cm", "Care": "wipe with a dry cloth"}


@pytest.fixture(autouse=True)
def no_language_left_behind():
    """A request leaves its language active in the thread."""
    yield
    translation.deactivate()


@pytest.fixture
def shelf(db):
    return Category.objects.create(name="Kitchen", slug="kitchen"), Maker.objects.create(name="Ondalis")


@pytest.fixture
def make_product(shelf):
    category, maker = shelf
    made = []

    def make(title="Step stool", *, facts=FACTS, **values):
        sku = f"T-{len(made)}"
        product = Product.objects.create(
            title=title, sku=sku, category=category, maker=maker, price="9.50", **values
        )
        Attribute.objects.bulk_create(Attribute(product=product, name=n, value=v) for n, v in facts.items())
        made.append(product)
        return product

    return make


@pytest.fixture
def product(make_product):
    return make_product(long_text="A stool of beech wood.")


@pytest.fixture
def make_client(db):
    """A client of a staff member with just these permissions, given as app.codename."""

    def make(*permissions, **more):
        number = get_user_model().objects.count()
        user = get_user_model().objects.create_user(f"person{number}", password="x", is_staff=True, **more)
        for permission in permissions:
            app, codename = permission.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        client = Client()
        client.force_login(user)
        client.user = user
        return client

    return make


@pytest.fixture
def boss(make_client):
    return make_client(is_superuser=True)


@pytest.fixture
def work(db):
    """Runs every job there is; echo answers from the request."""

    def run():
        worker = Worker(build_backend())
        try:
            worker.work_off()
        finally:
            worker.backend.close()

    return run


def change_url(product):
    return f"/admin/catalogue/product/{product.pk}/change/"


def act_url(product):
    return f"/admin/catalogue/product/{product.pk}/shop-ai/"


@pytest.fixture
def click(boss):
    """Presses one of the panel's buttons and gives back the page that follows."""

    def press(product, act, client=boss, **fields):
        return client.post(act_url(product), {"shop_ai-act": act, **fields}, follow=True)

    return press


@pytest.fixture
def draft(product, click, work):
    """A text that waits for review."""
    click(product, "write:describe_product")
    work()
    return Suggestion.objects.select_related("job").get()


@pytest.fixture
def queued(product, click):
    click(product, "write:describe_product")
    return Job.objects.get()
