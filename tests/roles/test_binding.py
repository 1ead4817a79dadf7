from __future__ import annotations

import uuid

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction
from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy, override

from shop_ai.exceptions import ConfigurationError, TargetGone
from shop_ai.roles import ORDER, PRODUCT, REVIEW, TICKET, binding_for, bindings, bound
from shop_ai.roles.binding import is_writing
from tests.roles import rows
from tests.roles.test_loading import bind
from tests.stores.awkward.models import Book, Maker, Product, Purchase, Review, ShopProduct, Translation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awkward")]


# -- finding -----------------------------------------------------------------------------------------


def test_rows_follows_the_default_manager_and_by_pk_does_not():
    hidden = rows.product(archived=True)
    binding = bound(PRODUCT)

    assert not binding.rows().exists()
    assert binding.by_pk(hidden.pk).get() == hidden


def test_rows_uses_the_MANAGER_that_is_named(awkward):
    bind(awkward, {}, MANAGER="everything")
    hidden = rows.product(archived=True)

    assert [row.pk for row in bound(PRODUCT).rows()] == [hidden.pk]


def test_lock_sees_hidden_rows_and_takes_the_key_as_text():
    hidden = rows.product(archived=True)

    with transaction.atomic():
        row = bound(PRODUCT).lock(str(hidden.pk))

    assert type(row) is ShopProduct
    assert row.pk == hidden.pk


@pytest.mark.parametrize("pk", [uuid.UUID(int=7), str(uuid.UUID(int=8)), "not a key", "17"])
def test_lock_of_a_row_that_is_no_more_raises_TargetGone(pk):
    with transaction.atomic(), pytest.raises(TargetGone):
        bound(PRODUCT).lock(pk)


def test_lock_works_with_a_parent_table_and_nullable_relations(awkward, django_assert_num_queries):
    bind(awkward, {"category": "editor__title"}, MODEL="awkward.Book")
    made = Book.everything.create(isbn="1", editor=None, maker=None)

    with transaction.atomic(), django_assert_num_queries(1) as captured:
        row = bound(PRODUCT).lock(made.pk)

    assert type(row) is Book
    assert ("FOR NO KEY UPDATE" in captured[0]["sql"]) is (connection.vendor == "postgresql")


def test_every_row_has_its_own_words():
    made = rows.product()

    words = [str(row) for row in (made, made.maker, made.measures.first(), made.opinions.first())]

    assert words == [f"product {made.pk}", "Holm", "Width: 80", "Opinion 0"]
    assert str(Purchase(number="A1")) == "A1"


@pytest.mark.django_db(databases=["default", "suppliers"])
def test_a_role_in_another_database_is_read_there():
    Purchase.objects.create(number="A1")
    binding = bound(ORDER)

    assert binding.using == "suppliers"
    assert [binding.values(row)["number"] for row in binding.rows()] == ["A1"]


def test_binding_for_finds_proxy_child_and_concrete_model():
    product = bound(PRODUCT)

    assert binding_for(ShopProduct) is binding_for(Product) is binding_for(Book) is product
    assert binding_for(Maker) is None


def test_a_role_that_is_not_bound_is_named():
    with pytest.raises(ConfigurationError, match="The role 'ticket' is not bound"):
        bound(TICKET)


def test_a_role_or_model_that_does_not_exist_is_left_to_the_checks(awkward):
    wrong = {
        "produkt": {"MODEL": "awkward.Product", "FIELDS": {}},
        "ticket": {"MODEL": "awkward.Gone", "FIELDS": {}},
        "article": {"MODEL": "Gone", "FIELDS": {}},
    }
    roles = {**awkward.SHOP_AI["ROLES"], **wrong}
    awkward.SHOP_AI = {**awkward.SHOP_AI, "ROLES": roles}

    assert set(bindings()) == {"product", "review", "order"}


def test_a_change_of_the_settings_binds_anew(awkward):
    before = bound(PRODUCT)
    bind(awkward, {"name": "slogan"})

    assert bound(PRODUCT) is not before
    assert bound(PRODUCT).fields["name"].READ == "slogan"


# -- reading -----------------------------------------------------------------------------------------


def test_functions_methods_properties_and_json_are_read():
    values = bound(PRODUCT).values(rows.product(texts={"category": "Tables"}))

    assert values["name"] == "Oak table"
    assert values["brand"] == "HOLM"
    assert values["category"] == "Tables"
    assert values["attributes"] == {"Material": "oak"}


def test_a_nested_row_is_read_as_the_proxy_that_is_bound():
    review = Review.objects.create(product=rows.product(), body="Good")

    product = bound(REVIEW).values(Review.objects.get(pk=review.pk))["product"]

    assert product["brand"] == "HOLM"
    assert type(Review.objects.get(pk=review.pk).product) is Product


def test_an_unbound_row_is_its_own_words(awkward):
    bind(awkward, {"brand": "maker"})

    assert bound(PRODUCT).values(rows.product())["brand"] == "Holm"


def test_rows_that_are_no_role_are_words_in_a_list(awkward):
    bind(awkward, {"variants": "translations", "bullet_points": "notes"})
    made = rows.product()
    made.notes.create(body="First")
    values = bound(PRODUCT).values(made)

    assert values["variants"] == ["橡木桌", "Oak table"]
    assert values["bullet_points"] == ["First"]


def test_reading_goes_by_the_language_asked_for_not_by_the_visitors():
    made = rows.product()
    binding = bound(PRODUCT)

    with override("de"):
        assert binding.values(made)["name"] == "Oak table"
        assert binding.values(made, "zh-hans")["name"] == "橡木桌"
        assert binding.value(made, "description", "zh-hans") == "旧"


def test_a_row_may_know_its_language(awkward):
    bind(awkward, {"language": "slogan"})
    made = rows.product(slogan="ZH-Hans")
    binding = bound(PRODUCT)

    assert binding.language(made) == "zh-hans"
    assert binding.values(made)["name"] == "橡木桌"
    assert binding.language(rows.product()) == "en"


def test_a_row_without_a_language_field_is_in_the_first_language():
    assert bound(PRODUCT).language(rows.product()) == "en"


def test_a_method_that_changes_data_is_never_called(awkward):
    bind(awkward, {"category": "delete"})
    made = rows.product()

    with pytest.raises(ConfigurationError, match=r"ShopProduct\.delete changes data"):
        bound(PRODUCT).value(made, "category")
    assert Product.everything.filter(pk=made.pk).exists()


def test_a_chain_that_breaks_is_none(awkward):
    bind(awkward, {"brand": "maker__title", "bullet_points": "maker__products"})
    values = bound(PRODUCT).values(rows.product(maker=None))

    assert values["brand"] is None
    assert values["bullet_points"] == []


def test_a_missing_row_at_the_end_of_a_one_to_one_is_none(awkward):
    bind(awkward, {"brand": "book__isbn"}, MODEL="awkward.Product")
    binding = bound(PRODUCT)
    binding.rows().get(pk=rows.product().pk)

    assert binding.value(Product.everything.get(), "brand") is None
    with pytest.raises(ObjectDoesNotExist):
        _ = Product.everything.get().book


QUERYSETS = {
    "manager": lambda row: row.measures,
    "plain": lambda row: row.measures.order_by(),
    "sliced": lambda row: row.measures.order_by("-amount")[:1],
    "generator": lambda row: (str(number) for number in (1, 2)),
    "lazy": lambda row: gettext_lazy("Lazy"),
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("manager", ["Width: 40", "Width: 0", "Width: 80"]),
        ("plain", ["Width: 40", "Width: 0", "Width: 80"]),
        ("sliced", ["Width: 80"]),
        ("generator", ["1", "2"]),
        ("lazy", "Lazy"),
    ],
)
def test_what_a_property_returns_becomes_plain(awkward, monkeypatch, name, expected):
    monkeypatch.setattr(Product, "something", property(QUERYSETS[name]), raising=False)
    bind(awkward, {"variants": "something"})

    assert bound(PRODUCT).value(rows.product(), "variants") == expected


# -- writing -----------------------------------------------------------------------------------------


def test_write_saves_the_target_columns_and_nothing_else():
    made = rows.product(slogan="Old")
    before = Product.everything.get(pk=made.pk)
    binding = bound(PRODUCT)

    with transaction.atomic():
        row = binding.lock(made.pk)
        Product.everything.filter(pk=made.pk).update(specs={"material": "ash"})
        binding.write(row, {"seo_title": "New"}, "en")

    after = Product.everything.get(pk=made.pk)
    assert (after.slogan, after.specs, after.changed) == ("New", {"material": "ash"}, before.changed)


def test_write_and_undo_by_functions_get_the_language():
    made = rows.product()
    binding = bound(PRODUCT)

    binding.write(made, {"description": "新"}, "zh-hans")

    assert texts(made) == {"en": "Old.", "zh-hans": "新"}

    binding.undo(made, {"description": "旧"}, "zh-hans")

    assert texts(made) == {"en": "Old.", "zh-hans": "旧"}


def texts(product) -> dict[str, str]:
    return dict(Translation.objects.filter(product=product).values_list("language", "description"))


def test_write_works_on_a_column_of_a_parent_and_of_a_child(awkward):
    bind(awkward, {"description": "blurb"}, MODEL="awkward.Book")
    made = Book.everything.create(slogan="Old", blurb="Old")
    binding = bound(PRODUCT)

    with transaction.atomic():
        binding.write(binding.lock(made.pk), {"seo_title": "New", "description": "Long"}, "en")

    made.refresh_from_db()
    assert (made.slogan, made.blurb) == ("New", "Long")


def test_undo_to_nothing_fits_a_column_that_may_not_be_null():
    made = rows.product(slogan="New")

    bound(PRODUCT).undo(made, {"seo_title": None}, "en")

    made.refresh_from_db()
    assert made.slogan == ""


def test_a_value_of_another_type_is_converted():
    review = Review.objects.create(body="Good")
    binding = bound(REVIEW)

    binding.write(review, {"rating": "4"}, "en")

    review.refresh_from_db()
    assert review.stars == 4


def test_what_has_no_column_and_no_function_cannot_be_written():
    with pytest.raises(ConfigurationError, match=r"product\.brand cannot be written"):
        bound(PRODUCT).write(rows.product(), {"brand": "Other"}, "en")


def test_can_write_can_undo_and_max_length(awkward):
    bind(awkward, {"short_description": {"READ": "slogan", "WRITE": "tests.stores.awkward.ai.name"}})
    binding = bound(PRODUCT)

    assert [binding.can_write(name) for name in ("seo_title", "description", "brand", "url")] == [
        True,
        True,
        False,
        False,
    ]
    assert [binding.can_undo(name) for name in ("seo_title", "description", "short_description")] == [
        True,
        True,
        False,
    ]
    assert binding.max_length("seo_title") == 20
    assert binding.max_length("description") is None


def test_our_own_save_is_known_as_such():
    seen = []
    made = rows.product()

    def remember(**kwargs):
        seen.append(is_writing())

    post_save.connect(remember, sender=Product)
    try:
        made.save()
        bound(PRODUCT).write(made, {"seo_title": "New"}, "en")
    finally:
        post_save.disconnect(remember, sender=Product)

    assert seen == [False, True]
    assert not is_writing()


# -- fingerprints ------------------------------------------------------------------------------------


def test_the_target_fingerprint_follows_the_target_alone():
    made = rows.product(slogan="Old")
    binding = bound(PRODUCT)
    before = binding.target_fingerprint(made, ["seo_title"])

    made.specs = {"material": "ash"}
    same = binding.target_fingerprint(made, ["seo_title"])
    made.slogan = "New"

    assert same == before
    assert binding.target_fingerprint(made, ["seo_title"]) != before


@pytest.mark.parametrize("names", [["seo_title"], ["description"], ["seo_title", "description"]])
@pytest.mark.parametrize("language", [None, "zh-hans"])
def test_target_fingerprints_of_many_rows_are_those_of_each(names, language):
    for name in ("One", "Two"):
        rows.product(name, slogan=name)
    binding = bound(PRODUCT)

    many = dict(binding.target_fingerprints(binding.rows(), names, language))

    assert many == {row.pk: binding.target_fingerprint(row, names, language) for row in binding.rows()}


def test_target_fingerprints_of_columns_take_one_query(django_assert_num_queries):
    rows.products(20)
    binding = bound(PRODUCT)

    with django_assert_num_queries(1):
        assert len(list(binding.target_fingerprints(binding.rows(), ["seo_title"]))) == 20


def test_a_target_that_is_a_fact_or_a_relation_is_compared_raw(awkward):
    bind(awkward, {"attributes": "specs", "brand": "maker"})
    made = rows.product()
    binding = bound(PRODUCT)

    ((pk, many),) = binding.target_fingerprints(binding.rows(), ["attributes", "brand"])

    assert pk == made.pk
    assert many == binding.target_fingerprint(binding.by_pk(made.pk).get(), ["attributes", "brand"])
