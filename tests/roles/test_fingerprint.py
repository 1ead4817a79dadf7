from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from shop_ai.roles import PRODUCT, REVIEW, Values, bound, fingerprint
from shop_ai.roles.values import canonical
from tests.roles import rows
from tests.stores.awkward.models import Maker, Measure, Product, Review


def values_of(data: dict) -> Values:
    return Values(data, data.__getitem__, identity="product:1")


# -- what was seen -----------------------------------------------------------------------------------


def test_only_what_was_read_is_seen():
    values = values_of({"name": "Table", "brand": "Holm"})

    assert values["name"] == "Table"
    assert values.seen == {"name"}


def test_a_nested_row_reports_dotted_names():
    maker = values_of({"name": "Holm", "country": "Norway"})
    product = values_of({"maker": maker})
    review = values_of({"product": product})

    assert review["product"]["maker"]["name"] == "Holm"
    assert review.seen == {"product", "product.maker", "product.maker.name"}


def test_a_field_that_is_not_bound_is_missing_and_not_seen():
    values = values_of({"name": "Table"})

    assert values.get("brand") is None
    assert values.seen == set()


def test_comparing_or_printing_reads_nothing():
    values = values_of({"name": "Table"})

    assert values != values_of({"name": "Table"})
    assert repr(values) == "<Values of product:1>"
    assert len({values}) == len(values) == 1
    assert values.seen == set()


def test_a_value_is_read_once():
    calls = []
    values = Values(["name"], lambda name: calls.append(name) or "Table")

    assert values["name"] == values["name"] == "Table"
    assert calls == ["name"]


# -- fingerprints ------------------------------------------------------------------------------------


def test_a_fingerprint_covers_the_names_and_what_else_is_given():
    data = {"name": "Table", "brand": "Holm"}
    before = fingerprint(values_of(data), {"name"}, "prompt 1")

    assert fingerprint(values_of({**data, "brand": "Other"}), {"name"}, "prompt 1") == before
    assert fingerprint(values_of({**data, "name": "Chair"}), {"name"}, "prompt 1") != before
    assert fingerprint(values_of(data), {"name"}, "prompt 2") != before
    assert fingerprint(values_of(data), {"name", "gone"}, "prompt 1") != before


def test_the_order_of_names_and_of_facts_does_not_matter():
    one = fingerprint({"a": {"x": 1, "y": 2}, "b": 1}, ["a", "b"])

    assert fingerprint({"b": 1, "a": {"y": 2, "x": 1}}, ["b", "a"]) == one


def test_the_order_of_a_list_of_plain_values_matters():
    assert fingerprint({"a": ["x", "y"]}, ["a"]) != fingerprint({"a": ["y", "x"]}, ["a"])


def test_canonical_makes_equal_facts_equal():
    key = UUID(int=1)

    assert canonical([Decimal("1.50"), date(2026, 1, 2), {"b", "a"}, key]) == [
        "1.50",
        "2026-01-02",
        ["a", "b"],
        str(key),
    ]
    assert canonical({1: (None, True)}) == {"1": [None, True]}
    assert canonical(values_of({"name": "Table"})) == "product:1"


# -- on rows of the store ----------------------------------------------------------------------------

stored = pytest.mark.django_db


def after(change, role, row, *names) -> tuple[str, str]:
    """The fingerprint before and after a change, both read afresh."""
    binding = bound(role)
    before = fingerprint(binding.values(binding.by_pk(row.pk).get()), names)
    change()
    return before, fingerprint(binding.values(binding.by_pk(row.pk).get()), names)


@stored
@pytest.mark.parametrize(
    ("names", "differs"),
    [
        (["reviews"], False),
        (["reviews.text"], True),
        (["reviews", "reviews.rating"], False),
        (["name"], False),
    ],
)
def test_a_changed_nested_text_counts_where_it_was_read(awkward, names, differs):
    made = rows.product()
    change = Review.objects.filter(body="Opinion 2").update

    before, now = after(lambda: change(body="Changed"), PRODUCT, made, *names)

    assert (before != now) is differs


@stored
@pytest.mark.parametrize("name", ["reviews", "reviews.text"])
def test_a_new_related_row_counts(awkward, name):
    made = rows.product()

    before, now = after(lambda: Review.objects.create(product=made, body="New"), PRODUCT, made, name)

    assert before != now


@stored
def test_an_empty_list_and_its_first_row_differ(awkward):
    made = Product.everything.create()

    before, now = after(lambda: Review.objects.create(product=made, body="New"), PRODUCT, made, "reviews")

    assert before != now


@stored
def test_another_row_with_the_same_words_counts(awkward):
    one, other = rows.product("Same"), rows.product("Same")
    review = Review.objects.create(product=one, body="Good")

    before, now = after(
        lambda: Review.objects.filter(pk=review.pk).update(product=other), REVIEW, review, "product.name"
    )

    assert before != now


@stored
def test_values_swapped_between_related_rows_count(awkward):
    made = rows.product()
    first, second = Review.objects.filter(product=made, approved=True)[:2]
    Review.objects.filter(pk=first.pk).update(stars=1)
    awkward.SHOP_AI["ROLES"]["product"]["FIELDS"]["reviews"]["LIMIT"] = 50
    awkward.SHOP_AI = awkward.SHOP_AI

    def swap():
        Review.objects.filter(pk=first.pk).update(stars=5)
        Review.objects.filter(pk=second.pk).update(stars=1)

    before, now = after(swap, PRODUCT, made, "reviews.text", "reviews.rating")

    assert before != now


@stored
def test_another_order_of_the_same_rows_does_not_count(awkward):
    made = rows.product()
    fields = awkward.SHOP_AI["ROLES"]["product"]["FIELDS"]
    binding = bound(PRODUCT)
    before = fingerprint(binding.values(made), ["reviews.text"])

    fields["reviews"] = {"READ": "opinions", "FILTER": {"approved": True}, "ORDER": ["pk"], "LIMIT": 50}
    awkward.SHOP_AI = awkward.SHOP_AI
    Review.objects.filter(product=made, body="Opinion 0").delete()
    now = fingerprint(bound(PRODUCT).values(made), ["reviews.text"])

    assert before == now


@stored
def test_facts_from_rows_in_another_order_are_the_same(awkward):
    made = rows.product()
    Measure.objects.filter(product=made).delete()
    fields = awkward.SHOP_AI["ROLES"]["product"]["FIELDS"]
    fields["attributes"] = {"READ": "measures", "KEY": "amount", "VALUE": "unit__name"}
    awkward.SHOP_AI = awkward.SHOP_AI
    unit = rows.Unit.objects.create(name="cm")
    one = Measure.objects.create(product=made, unit=unit, amount=1, place=1)
    Measure.objects.create(product=made, unit=unit, amount=2, place=2)

    before, now = after(
        lambda: Measure.objects.filter(pk=one.pk).update(place=3), PRODUCT, made, "attributes"
    )

    assert before == now


@stored
def test_a_changed_name_of_the_maker_counts(awkward):
    made = rows.product()

    before, now = after(lambda: Maker.objects.update(title="Other"), PRODUCT, made, "brand")

    assert before != now


@stored
def test_a_product_that_a_review_gets_later_counts(awkward):
    made, review = rows.product(), Review.objects.create(body="Good")

    before, now = after(
        lambda: Review.objects.filter(pk=review.pk).update(product=made), REVIEW, review, "product"
    )

    assert before != now
