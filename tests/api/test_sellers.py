"""A store whose admin keeps sellers apart: the API listens to it, row by row."""

from __future__ import annotations

import pytest
from django.contrib import admin

from demo_store.catalogue.models import Product
from tests.api.store import ALL, JOBS, ROW, SUGGESTIONS, client, person, product, suggestion

pytestmark = pytest.mark.django_db


@pytest.fixture
def sellers(monkeypatch):
    """Sellers see products whose SKU ends with their number, and may not change those of 99."""
    present = type(admin.site.get_model_admin(Product))
    of = present.get_queryset

    def own(self, request):
        return of(self, request).filter(sku__endswith=request.user.username[-1])

    def may(self, request, obj=None):
        return obj is None or obj.price != 99

    monkeypatch.setattr(present, "get_queryset", own)
    monkeypatch.setattr(present, "has_change_permission", may)


@pytest.fixture
def seller_2(sellers):
    return client(person("seller-2", *ALL, *ROW))


def test_row_outside_the_admins_queryset_is_not_there(seller_2):
    text = suggestion(product(1))

    assert seller_2.get(f"{SUGGESTIONS}{text.pk}/").status_code == 404
    assert seller_2.get(SUGGESTIONS).json()["results"] == []
    assert seller_2.get(f"{JOBS}{text.job_id}/").status_code == 404


def test_foreign_ids_are_named_like_missing_ones(seller_2):
    foreign, own = product(1), product(2)
    body = {"skill": "describe_product", "ids": [foreign.pk, own.pk, 999_999]}

    answer = seller_2.post(JOBS, body, format="json")

    assert answer.status_code == 400
    assert answer.json() == {"ids": [f"There is no product with the id {foreign.pk}, 999999."]}


def test_admin_that_forbids_the_change_is_obeyed(seller_2):
    row = product(2, price=99)

    answer = seller_2.post(JOBS, {"skill": "describe_product", "ids": [row.pk]}, format="json")

    assert answer.status_code == 403


def test_own_rows_work(seller_2):
    text = suggestion(product(2))

    assert [one["id"] for one in seller_2.get(SUGGESTIONS).json()["results"]] == [str(text.pk)]
    assert seller_2.post(f"{SUGGESTIONS}{text.pk}/apply/").status_code == 200


def test_store_without_an_admin_asks_the_permissions_alone(settings, api, row):
    settings.SHOP_AI = {**settings.SHOP_AI, "ADMIN": False, "ADMIN_SITE": "no.such.site"}

    assert api.post(JOBS, {"skill": "describe_product", "ids": [row.pk]}, format="json").status_code == 202
