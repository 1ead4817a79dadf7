from __future__ import annotations

import pytest


def test_E004_unknown_role_names_the_nearest(store):
    store.role("produkt", MODEL="awkward.Product", FIELDS={})

    assert store.message() == (
        "E004",
        "SHOP_AI['ROLES'] has 'produkt', which is no role.",
        "Did you mean 'product'?",
    )


@pytest.mark.parametrize(
    ("label", "hint"),
    [
        ("awkward.Purchas", "Did you mean 'awkward.Purchase'?"),
        ("Purchase", "Did you mean 'awkward.Purchase'?"),
    ],
)
def test_E005_unknown_model_names_the_nearest(store, label, hint):
    assert store.role("order", MODEL=label).message() == (
        "E005",
        f"The role 'order' is bound to {label!r}, which is no model of this store.",
        hint,
    )


def test_E006_required_field_names_what_it_means(store):
    store.role("order", FIELDS={"status": "state"})

    assert store.message() == (
        "E006",
        "The role 'order' needs the field 'number' (number the customer knows).",
        """Add it to SHOP_AI['ROLES']['order']['FIELDS']: "number": "a path on awkward.Purchase".""",
    )


def test_E071_two_roles_on_one_model_names_the_proxy_to_write(store):
    store.role("article", MODEL="awkward.Review", FIELDS={"title": "body", "text": "body"})

    assert store.message() == (
        "E071",
        "The roles 'review' and 'article' are both bound to awkward.Review: "
        "its rows would be read as one of them.",
        "Take one out, or bind 'article' to a proxy: "
        "class ArticleReview(Review), with proxy = True in its Meta.",
    )


def test_E071_is_silent_about_a_proxy(store):
    store.role("article", MODEL="awkward.Product", FIELDS={"title": "slogan", "text": "slogan"})

    assert store.messages() == []


def test_W007_unknown_field_names_the_nearest(store):
    assert store.field("catgory", "brand").message() == (
        "W007",
        "The role 'product' has no field 'catgory', and no listed skill uses it.",
        "Did you mean 'category'?",
    )


def test_W007_is_silent_about_a_field_that_a_skill_writes(store):
    store.field("teaser", "slogan").set(SKILLS=["tests.checks.skills.Teaser"])

    assert store.messages() == []


@pytest.mark.parametrize(
    ("lookups", "text", "hint"),
    [
        ({"sloga": 1}, "'sloga' does not fit awkward.ShopProduct: ", "Did you mean 'slogan'?"),
        (
            {"maker__titl": "Holm"},
            "'maker__titl' does not fit awkward.ShopProduct: ",
            "Did you mean 'maker__title'?",
        ),
        (
            {"slogan__contain": "x"},
            "'slogan__contain' does not fit awkward.ShopProduct: ",
            "Did you mean 'slogan__contains'?",
        ),
        (
            {"maker__titel__startwith": "H"},
            "'maker__titel__startwith' does not fit awkward.ShopProduct: ",
            "Did you mean 'maker__title__startwith'?",
        ),
        (
            {"maker__isnul": True},
            "'maker__isnul' does not fit awkward.ShopProduct: ",
            "Did you mean 'maker__isnull'?",
        ),
        (
            {"opinion__stars__gt": 3},
            "'opinion__stars__gt' does not fit awkward.ShopProduct: ",
            "Did you mean 'opinions__stars__gt'?",
        ),
    ],
)
def test_E013_filter_that_does_not_fit(store, lookups, text, hint):
    number, found, found_hint = store.role(FILTER=lookups).message()

    assert (number, found_hint) == ("E013", hint)
    assert found.startswith(f"SHOP_AI['ROLES']['product']['FILTER']: {text}")
    assert "Choices" not in found


def test_E013_lookup_without_a_near_one_lists_those_of_its_column(store):
    _, _, hint = store.role(FILTER={"slogan__qqqq": "x"}).message()

    assert hint.startswith("Known lookups of 'slogan': contains, ")
    assert "icontains" in hint


@pytest.mark.parametrize(
    ("lookups", "hint"),
    [
        ({"archived": "perhaps"}, "Give 'archived' True or False."),
        ({"id": "no key"}, "Give 'id' a UUID."),
        ({"pk__in": ["no key"]}, "Give 'pk__in' a list, each a UUID."),
        ({"opinions__stars__gt": "many"}, "Give 'opinions__stars__gt' a whole number."),
        ({"opinions__stars__in": 5}, "Give 'opinions__stars__in' a list, each a whole number."),
        ({"added__gt": "yesterday"}, "Give 'added__gt' a time such as \"2026-01-31T12:00:00Z\"."),
        (
            {"maker": "abc"},
            "Give 'maker' a whole number, the key of awkward.Maker, or ask for 'maker__title'.",
        ),
        ({"maker__pk": "abc"}, "Give 'maker__pk' a whole number."),
        ({"notes": "abc"}, "Give 'notes' a whole number, the key of awkward.Note, or ask for 'notes__body'."),
    ],
)
def test_E013_value_that_does_not_fit_says_what_does(store, lookups, hint):
    number, _, found = store.role(FILTER=lookups).message()

    assert (number, found) == ("E013", hint)


def test_E017_unknown_manager_names_the_nearest(store):
    assert store.role(MANAGER="everythin").message() == (
        "E017",
        "awkward.ShopProduct has no manager 'everythin', which the role 'product' names.",
        "Did you mean 'everything'?",
    )


def test_E017_accepts_a_manager(store):
    assert store.role(MANAGER="everything").messages() == []


@pytest.mark.parametrize(
    ("lookup", "text", "hint"),
    [
        ("makr", "'makr' is no relation of awkward.ShopProduct.", "Did you mean 'maker'?"),
        (
            "measures__amount",
            "'amount' is no relation of awkward.Measure.",
            "Did you mean 'unit'?",
        ),
    ],
)
def test_E018_prefetch_of_no_relation_names_the_nearest(store, lookup, text, hint):
    assert store.role(PREFETCH=[lookup]).message() == (
        "E018",
        f"PREFETCH of the role 'product': {text}",
        hint,
    )


def test_E018_is_silent_beyond_a_generic_foreign_key(store):
    store.role("review", MODEL="awkward.Note", PREFETCH=["about__maker"], FIELDS={"text": "body"})

    assert store.messages() == []
