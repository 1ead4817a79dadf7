"""The list filter."""

from __future__ import annotations

import pytest

from demo_store.catalogue.models import Product
from shop_ai.models import Job, State, Suggestion

LIST = "/admin/catalogue/product/"


def titles(client, value):
    found = client.get(LIST, {"shop_ai_describe_product": value}).context["cl"].queryset
    return sorted(product.title for product in found)


@pytest.fixture
def shop(make_product, click, work):
    """One product in each state."""
    make_product("empty")
    for title in ("ready", "stale", "applied", "declined", "live"):
        product = make_product(
            title, facts={} if title == "declined" else {"Material": "beech wood", "Height": "42 cm"}
        )
        click(product, "write:describe_product")
        if title != "live":
            work()
    applied = Suggestion.objects.get(target_id=Product.objects.get(title="applied").pk)
    click(Product.objects.get(title="applied"), f"apply:{applied.pk}")
    Suggestion.objects.filter(target_id=Product.objects.get(title="stale").pk).update(stale=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("none", ["declined", "empty", "live", "ready", "stale"]),
        ("live", ["live"]),
        ("ready", ["ready"]),
        ("stale", ["stale"]),
        ("applied", ["applied"]),
        ("failed", ["declined"]),
    ],
)
def test_each_choice_shows_its_rows(boss, shop, value, expected):
    assert titles(boss, value) == expected


def test_a_retry_that_worked_is_no_longer_a_failure(boss, shop, click, work):
    product = Product.objects.get(title="declined")
    product.attributes.create(name="Material", value="beech wood")
    product.attributes.create(name="Height", value="42 cm")
    click(product, f"retry:{Job.objects.get(state=State.DECLINED).pk}")
    work()

    assert titles(boss, "failed") == []
    assert titles(boss, "ready") == ["declined", "live", "ready"]


def test_without_a_choice_everything_is_shown(boss, shop):
    assert boss.get(LIST).context["cl"].queryset.count() == 6


def test_the_filter_says_its_choices(boss, shop):
    html = boss.get(LIST).content.decode()

    for label in ("No text", "Draft ready", "Outdated", "AI text applied", "Declined or failed"):
        assert label in html


@pytest.mark.parametrize("value", ["none", "ready", "stale", "applied", "failed"])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    boss, shop, make_product, value, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    boss.get(LIST)
    with CaptureQueriesContext(connection) as few:
        titles(boss, value)
    for number in range(20):
        make_product(f"More {number}")
    with django_assert_num_queries(len(few)):
        titles(boss, value)


def test_a_field_that_is_no_column_offers_no_choice_of_empty_rows(boss, shop, settings):
    roles = settings.SHOP_AI["ROLES"]
    way = {"READ": "long_text", "WRITE": "demo_store.ai.facts"}
    fields = {**roles["product"]["FIELDS"], "description": way}
    settings.SHOP_AI = {
        **settings.SHOP_AI,
        "ROLES": {**roles, "product": {**roles["product"], "FIELDS": fields}},
    }

    assert "No text" not in boss.get(LIST).content.decode()


def test_the_list_warns_when_no_worker_is_alive(boss, shop):
    assert "No worker is alive" in boss.get(LIST).content.decode()


def test_who_has_none_of_our_permissions_is_not_warned(make_client, shop):
    assert "No worker" not in make_client("catalogue.view_product").get(LIST).content.decode()
