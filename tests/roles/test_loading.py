from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop_ai.roles import PRODUCT, REVIEW, Values, bound
from tests.roles import rows
from tests.stores.awkward.models import Measure, Review, Unit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awkward")]


def read_everything(values: Values, depth: int = 3) -> None:
    """Every field of the row and of the rows inside it, down to `depth` roles."""
    for value in values.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Values) and depth:
                read_everything(item, depth - 1)


def queries_to_read(role, names=None) -> int:
    binding = bound(role)
    with CaptureQueriesContext(connection) as captured:
        for row in binding.rows(names):
            read_everything(binding.values(row))
    return len(captured)


FIELDS_WITH_ROWS_AS_FACTS = {
    "attributes": {"READ": "measures", "KEY": "unit__name", "VALUE": "amount"},
    "variants": "measures__unit__name",
    "bullet_points": "measures",
}


@pytest.mark.parametrize("role", [PRODUCT, REVIEW])
@pytest.mark.parametrize("extra", [{}, FIELDS_WITH_ROWS_AS_FACTS], ids=["plain", "rows as facts"])
def test_reading_1000_rows_takes_as_many_queries_as_reading_10(awkward, role, extra):
    bind(awkward, extra)
    rows.products(10)
    few = queries_to_read(role)
    rows.products(990 if role is PRODUCT else 490)

    many = queries_to_read(role)

    assert many == few
    assert few <= 12


def test_a_list_is_read_alike_with_and_without_loading(awkward):
    bind(awkward, FIELDS_WITH_ROWS_AS_FACTS)
    pk = rows.product().pk
    binding = bound(PRODUCT)

    loaded = binding.values(binding.rows().get(pk=pk))
    bare = binding.values(binding.by_pk(pk).get())

    for name in ("attributes", "variants", "bullet_points"):
        assert loaded[name] == bare[name]
    assert [r["text"] for r in loaded["reviews"]] == [r["text"] for r in bare["reviews"]]


def test_related_rows_are_filtered_limited_and_newest_first():
    binding = bound(PRODUCT)
    row = binding.rows().get(pk=rows.product().pk)

    texts = [review["text"] for review in binding.values(row)["reviews"]]

    assert texts == ["Opinion 3", "Opinion 2", "Opinion 1"]


def test_related_rows_follow_ORDER(awkward):
    bind(awkward, {"reviews": {"READ": "opinions", "ORDER": ["body"], "LIMIT": 2}})
    binding = bound(PRODUCT)
    row = binding.rows().get(pk=rows.product().pk)

    texts = [review["text"] for review in binding.values(row)["reviews"]]

    assert texts == ["Opinion 0", "Opinion 1"]


def test_facts_stand_as_the_store_orders_them(awkward):
    bind(awkward, {"attributes": {"READ": "measures", "KEY": "unit__name", "VALUE": "amount"}})
    made = rows.product()
    Measure.objects.create(product=made, unit=Unit.objects.create(name="Depth"), amount=7, place=-1)
    binding = bound(PRODUCT)

    facts = binding.values(binding.rows().get(pk=made.pk))["attributes"]

    assert list(facts.items()) == [("Depth", "7"), ("Width", "80, 0, 40")]


def test_two_fields_may_read_one_relation_differently(awkward):
    bind(awkward, {"variants": {"READ": "opinions", "FILTER": {"approved": False}}})
    binding = bound(PRODUCT)
    values = binding.values(binding.rows().get(pk=rows.product().pk))

    assert [review["text"] for review in values["variants"]] == ["Opinion 4"]
    assert len(values["reviews"]) == 3


def test_a_generic_relation_is_loaded_and_limited(awkward):
    bind(awkward, {"reviews": {"READ": "notes", "LIMIT": 1}})
    made = rows.product()
    made.notes.create(body="First")
    made.notes.create(body="Second")
    binding = bound(PRODUCT)

    values = binding.values(binding.rows().get(pk=made.pk))

    assert values["reviews"] == ["Second"]


def test_a_generic_foreign_key_is_loaded(awkward):
    awkward.SHOP_AI["ROLES"]["review"] = {
        "MODEL": "awkward.Note",
        "FIELDS": {"text": "body", "product": "about", "title": "about__slogan"},
    }
    bind(awkward, {})
    for name in ("One", "Two"):
        made = rows.product(name)
        made.notes.create(body=f"About {name}")
    binding = bound(REVIEW)

    with CaptureQueriesContext(connection) as captured:
        read = list(binding.rows().order_by("pk"))

    assert len(captured) == 2
    assert [binding.values(row)["product"]["name"] for row in read] == ["One", "Two"]


def test_loading_twice_is_loading_once():
    rows.product()
    binding = bound(PRODUCT)

    assert len(binding.with_relations(binding.rows().prefetch_related("translations"))) == 1


def test_only_the_named_fields_are_loaded():
    rows.product()

    assert queries_of(["text"]) == 1
    assert queries_of(["product.seo_title"]) == 1
    assert queries_of(["product.reviews.text"]) == 2


def queries_of(names: list[str]) -> int:
    with CaptureQueriesContext(connection) as captured:
        list(bound(REVIEW).rows(names))
    return len(captured)


def test_a_review_in_a_product_knows_its_product_without_a_query(django_assert_num_queries):
    binding = bound(PRODUCT)
    row = binding.rows().get(pk=rows.product().pk)
    review = binding.values(row)["reviews"][0]

    with django_assert_num_queries(0):
        assert review["product"]["name"] == "Oak table"


def test_a_filter_of_the_role_limits_its_rows(awkward):
    bind(awkward, {}, FILTER={"slogan": "yes"})
    chosen = rows.product(slogan="yes")
    rows.product(slogan="no")

    assert [row.pk for row in bound(PRODUCT).rows()] == [chosen.pk]
    assert bound(PRODUCT).all().count() == 2


def test_a_review_without_a_product_reads_as_none():
    review = Review.objects.create(body="Nice shop")
    binding = bound(REVIEW)

    assert binding.values(binding.rows().get(pk=review.pk))["product"] is None
    assert binding.values(review)["product"] is None


def bind(settings, fields, **role) -> None:
    """The awkward store with some fields of the product bound otherwise."""
    roles = settings.SHOP_AI["ROLES"]
    product = {**roles["product"], **role}
    product["FIELDS"] = {**product["FIELDS"], **fields}
    settings.SHOP_AI = {**settings.SHOP_AI, "ROLES": {**roles, "product": product}}
