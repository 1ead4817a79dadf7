from __future__ import annotations

import copy

import pytest
from django.db import models

from demo_store.catalogue.models import Product as Catalogued
from shop_ai.roles import PRODUCT
from tests.checks import skills
from tests.stores.awkward.models import Product, Review, ShopProduct

PLACE = "SHOP_AI['ROLES']['product']['FIELDS']['category']"


@pytest.mark.parametrize(
    ("path", "text", "hint"),
    [
        ("sloga", "does not lead anywhere: awkward.ShopProduct has no 'sloga'.", "Did you mean 'slogan'?"),
        ("maker__titl", "does not lead anywhere: awkward.Maker has no 'titl'.", "Did you mean 'title'?"),
        (
            "shown_bran",
            "does not lead anywhere: awkward.ShopProduct has no 'shown_bran'.",
            "Did you mean 'shown_brand'?",
        ),
        ("slogan__x", "goes on after 'slogan', which is a plain column.", "End the path at 'slogan'."),
        (
            "measures__unit__measure_set__amount",
            "walks two lists, 'measures' and 'measure_set'.",
            "Write a function of the row and name it by its dotted name.",
        ),
        (
            "unique_error_message",
            "leads to awkward.ShopProduct.unique_error_message, which wants arguments.",
            "Write a function of the row that calls it, and name it by its dotted name.",
        ),
    ],
)
def test_E008_path_that_leads_nowhere(store, path, text, hint):
    assert store.field("category", path).message() == ("E008", f"{PLACE}: {path!r} {text}", hint)


@pytest.mark.parametrize(("key", "path"), [("KEY", "unit__nam"), ("VALUE", "amout")])
def test_E008_path_on_the_rows_of_facts(store, key, path):
    paths = {"KEY": "unit__name", "VALUE": "amount", key: path}
    store.field("attributes", {"READ": "measures", **paths})

    number, text, _ = store.message()

    assert number == "E008"
    assert text.startswith(f"SHOP_AI['ROLES']['product']['FIELDS']['attributes'][{key!r}]: {path!r} does not")


def test_E008_path_without_a_near_one_lists_each_attribute_once(store):
    store.field("attributes", {"READ": "measures", "KEY": "unit__name", "VALUE": "qqqqqq"})

    _, _, hint = store.message()

    assert hint == "Known attributes: amount, id, place, product, product_id, unit, unit_id."


@pytest.mark.parametrize("path", ["", "maker__", "__maker", "maker____title"])
def test_E008_empty_path(store, path):
    assert store.field("brand", path).message() == (
        "E008",
        f"SHOP_AI['ROLES']['product']['FIELDS']['brand']: {path!r} has an empty name in it.",
        "Write the name of an attribute, or take the line out.",
    )


def test_a_typo_in_a_written_path_is_one_mistake_and_one_message(store):
    store.field("seo_title", "sloga").set(SKILLS=["tests.checks.skills.Title"])

    number, _, hint = store.message()

    assert (number, hint) == ("E008", "Did you mean 'slogan'?")


@pytest.mark.parametrize(
    "path",
    [
        "slogan",
        "maker",
        "maker__title",
        "maker_id",
        "pk",
        "texts__category__en",
        "facts",
        "brand",
        "opinions",
    ],
)
def test_E008_is_silent_about_what_can_be_read(store, path):
    assert store.field("category", path).messages() == []


def test_E008_is_silent_beyond_a_generic_foreign_key(store):
    store.role("review", MODEL="awkward.Note", FIELDS={"text": "body", "product": "about__anything"})

    assert store.messages() == []


@pytest.mark.parametrize("path", ["maker", "facts", "pk", "maker__title"])
def test_E009_target_that_is_no_column(store, path):
    store.field("seo_title", path).set(SKILLS=["tests.checks.skills.Title"])

    assert store.message() == (
        "E009",
        "write_title writes SHOP_AI['ROLES']['product']['FIELDS']['seo_title'], "
        f"and {path!r} is no column of awkward.ShopProduct that can be written.",
        'Bind it to a column of awkward.ShopProduct, or add "WRITE": "yourshop.ai.write" and '
        '"UNDO": "yourshop.ai.undo", functions of (row, value, language).',
    )


PRICED = {
    "MODEL": "catalogue.Product",
    "PREFETCH": [],
    "FIELDS": {"name": "title", "attributes": "attributes", "seo_title": "meta_title"},
}


@pytest.fixture
def priced(store):
    """The demo store's product, which has columns of many kinds."""
    del store.data["ROLES"]["review"]
    return store.role(**copy.deepcopy(PRICED)).set(SKILLS=["tests.checks.skills.Title"])


@pytest.mark.parametrize("column", ["price", "stock", "is_public", "created_at"])
def test_E073_text_for_a_column_of_another_kind_names_those_that_take_it(priced, column):
    assert priced.field("seo_title", column).message() == (
        "E073",
        f"write_title writes text to SHOP_AI['ROLES']['product']['FIELDS']['seo_title'], "
        f"and the column {column!r} of catalogue.Product does not take it.",
        "Bind it to a column that does: title, long_text, meta_title, meta_description, short_text, points.",
    )


def test_E048_a_text_would_take_the_place_of_what_it_was_written_from(priced):
    assert priced.field("seo_title", "title").message() == (
        "E048",
        "write_title writes SHOP_AI['ROLES']['product']['FIELDS']['seo_title'], "
        "and reads 'name' from the same 'title'.",
        'Bind \'seo_title\' to a column of its own, or add "WRITE": "yourshop.ai.write" and '
        '"UNDO": "yourshop.ai.undo", functions of (row, value, language).',
    )


def test_E073_without_a_column_that_takes_it_says_what_to_add(store):
    store.role("order", MODEL="orders.Line", FIELDS={"number": "order__number", "status": "quantity"})
    store.set(SKILLS=["tests.checks.skills.Remark"])

    number, _, hint = store.message()

    assert number == "E073"
    assert hint == (
        'Give orders.Line a column that does, or add "WRITE": "yourshop.ai.write" and '
        '"UNDO": "yourshop.ai.undo", functions of (row, value, language).'
    )


@pytest.mark.parametrize(
    ("output", "column", "takes"),
    [
        ("mood", "mood", True),
        ("mood", "stars", False),
        ("stars", "stars", True),
        ("stars", "mood", True),
        ("stars", "approved", False),
        ("share", "stars", True),
        ("aspects", "mood", False),
        ("aspects", "body", False),
        ("when", "stars", False),
        ("sure", "approved", True),
    ],
)
def test_E073_goes_by_the_kind_of_each_output(store, monkeypatch, output, column, takes):
    monkeypatch.setattr(skills.Mood, "writes", {output: "sentiment"})
    store.field("sentiment", column, role="review").set(SKILLS=["tests.checks.skills.Mood"])

    assert [number for number, _, _ in store.messages()] == ([] if takes else ["E073"])


def test_E073_is_silent_about_lists_for_a_json_column(store, monkeypatch):
    monkeypatch.setattr(skills.Mood, "role", PRODUCT)
    monkeypatch.setattr(skills.Mood, "prompt", "{{ product.name }}")
    monkeypatch.setattr(skills.Mood, "writes", {"aspects": "bullet_points"})
    store.field("bullet_points", "specs").set(SKILLS=["tests.checks.skills.Mood"])

    assert store.messages() == []


def test_W074_text_for_a_column_that_must_be_unique(priced):
    assert priced.field("seo_title", "sku").message() == (
        "W074",
        "write_title writes SHOP_AI['ROLES']['product']['FIELDS']['seo_title'], "
        "and 'sku' of catalogue.Product is unique: a text that another row has already cannot be applied.",
        "Bind it to a column that need not be unique: "
        "title, long_text, meta_title, meta_description, short_text, points.",
    )


def test_W074_looks_at_constraints_of_one_column(priced, monkeypatch):
    once = [models.UniqueConstraint(fields=["title"], name="once")]
    monkeypatch.setattr(Catalogued._meta, "constraints", once)
    assert priced.field("seo_title", "title").message()[0] == "W074"

    among = [models.UniqueConstraint(fields=["title", "maker"], name="once")]
    monkeypatch.setattr(Catalogued._meta, "constraints", among)
    assert [found[0] for found in priced.messages()] == ["E048"]  # which looks at another thing


def test_W076_text_for_a_column_with_choices(priced):
    assert priced.field("seo_title", "language").message() == (
        "W076",
        "write_title writes SHOP_AI['ROLES']['product']['FIELDS']['seo_title'], and 'language' of "
        "catalogue.Product takes only: en, zh-hans.",
        "Bind it to a column without choices: "
        "title, long_text, meta_title, meta_description, short_text, points; "
        "or let the skill's Output name just these.",
    )


@pytest.mark.parametrize(("choices", "found"), [(("good", "bad", "so-so"), []), (("good",), ["W076"])])
def test_W076_is_silent_where_the_output_names_no_other(store, monkeypatch, choices, found):
    monkeypatch.setattr(skills.Mood, "writes", {"mood": "sentiment"})
    monkeypatch.setattr(Review._meta.get_field("mood"), "choices", [(name, name) for name in choices])
    store.set(SKILLS=["tests.checks.skills.Mood"])

    assert [number for number, _, _ in store.messages()] == found


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("maker", "one row of catalogue.Maker"),
        ("price", "a DecimalField"),
        ("is_public", "a BooleanField"),
        ("created_at", "a DateTimeField"),
        ("maker__id", "a BigAutoField"),
    ],
)
def test_E072_attributes_that_hold_no_facts(priced, path, what):
    assert priced.field("attributes", path).message() == (
        "E072",
        f"SHOP_AI['ROLES']['product']['FIELDS']['attributes']: {path!r} is {what}, "
        "which holds no names and values.",
        "Name related rows, a column of text or JSON, or a function of the row that gives a dictionary.",
    )


@pytest.mark.parametrize(
    "path", ["attributes", "long_text", "maker__name", "local_facts", "tests.checks.functions.of_row"]
)
def test_E072_is_silent_about_what_may_hold_facts(priced, monkeypatch, path):
    monkeypatch.setattr(Catalogued, "local_facts", property(lambda row: {}), raising=False)

    assert priced.field("attributes", path).messages() == []


def test_E009_column_that_the_database_fills(store, monkeypatch):
    monkeypatch.setattr(Product._meta.get_field("slogan"), "generated", True, raising=False)
    store.set(SKILLS=["tests.checks.skills.Title"])

    assert store.message()[0] == "E009"


def test_E010_function_that_does_not_exist_names_the_nearest(store):
    number, text, hint = store.field("category", "tests.checks.functions.of_ro").message()

    assert (number, hint) == ("E010", "Did you mean 'of_row'?")
    assert text.startswith(f"{PLACE}['READ']: 'tests.checks.functions.of_ro' cannot be imported: ImportError")


def test_E010_tells_the_whole_chain_of_causes(store):
    number, text, hint = store.field("category", "tests.checks.broken.of_row").message()

    assert number == "E010"
    assert "RuntimeError: the store's module is broken; ModuleNotFoundError: No module named" in text
    assert hint == (
        "Write the dotted name of something in a module that can be imported; 'tests.checks.broken' cannot."
    )


@pytest.mark.parametrize(
    ("field", "text", "hint"),
    [
        (
            "tests.checks.functions.NOT_A_FUNCTION",
            "['READ']: 'tests.checks.functions.NOT_A_FUNCTION' is no function but int.",
            "Name a function of (row).",
        ),
        (
            "tests.checks.functions.of_nothing",
            "['READ']: 'tests.checks.functions.of_nothing' cannot be called with (row).",
            "Let it take (row).",
        ),
        (
            {
                "READ": "slogan",
                "WRITE": "tests.checks.functions.of_row",
                "UNDO": "tests.checks.functions.writes",
            },
            "['WRITE']: 'tests.checks.functions.of_row' cannot be called with (row, value, language).",
            "Let it take (row, value, language).",
        ),
    ],
)
def test_E011_function_that_cannot_be_called(store, field, text, hint):
    assert store.field("category", field).message() == ("E011", PLACE + text, hint)


def test_W012_write_without_undo(store):
    store.field("category", {"READ": "slogan", "WRITE": "tests.checks.functions.writes"})

    assert store.message() == (
        "W012",
        f"{PLACE} has a WRITE and no UNDO: revert is not offered.",
        'Add "UNDO": "tests.checks.functions.writes_back", a function of (row, value, language).',
    )


def test_E013_filter_on_related_rows(store):
    number, text, hint = store.field("reviews", {"READ": "opinions", "FILTER": {"aproved": True}}).message()

    assert (number, hint) == ("E013", "Did you mean 'approved'?")
    assert text.startswith(
        "SHOP_AI['ROLES']['product']['FIELDS']['reviews']['FILTER']: 'aproved' does not fit awkward.Review: "
    )


def test_E013_order_of_related_rows(store):
    assert store.field("reviews", {"READ": "opinions", "ORDER": ["-star"]}).message() == (
        "E013",
        "SHOP_AI['ROLES']['product']['FIELDS']['reviews']['ORDER']: "
        "awkward.Review cannot be ordered by '-star'.",
        "Did you mean 'stars'?",
    )


def test_E013_order_names_the_whole_path(store):
    store.field("reviews", {"READ": "opinions", "ORDER": ["product__slogn"]})

    _, _, hint = store.message()

    assert hint == "Did you mean 'product__slogan'?"


@pytest.mark.parametrize("path", ["-stars", "product__slogan", "product__specs__weight", "-product__pk", "?"])
def test_E013_is_silent_about_an_order_that_fits(store, path):
    assert store.field("reviews", {"READ": "opinions", "ORDER": [path]}).messages() == []


def test_E019_unknown_format_names_the_nearest(store):
    assert store.field("category", {"READ": "slogan", "FORMAT": "htm"}).message() == (
        "E019",
        f"{PLACE}['FORMAT'] is 'htm'.",
        "Did you mean 'html'?",
    )


def test_E049_editorjs_is_read_and_not_written(store):
    store.field("description", {"READ": "slogan", "FORMAT": "editorjs"})

    found = {number: (sentence, hint) for number, sentence, hint in store.messages()}

    assert "which holds EditorJS JSON: that is only read" in found["E049"][0]
    assert '"WRITE"' in found["E049"][1]


def test_E049_is_silent_where_a_function_writes_it(store):
    given = {
        "READ": "tests.stores.awkward.ai.description",
        "WRITE": "tests.stores.awkward.ai.write_description",
        "UNDO": "tests.stores.awkward.ai.undo_description",
        "FORMAT": "editorjs",
    }

    assert "E049" not in [number for number, *_ in store.field("description", given).messages()]


def test_E026_method_that_changes_data(store):
    assert store.field("category", "delete").message() == (
        "E026",
        f"{PLACE}: 'delete' leads to awkward.ShopProduct.delete, which changes data.",
        "Bind a method that only reads, or a column.",
    )


def test_E027_column_that_another_package_translates(store, monkeypatch):
    descriptor = type("TranslationFieldDescriptor", (), {"__module__": "modeltranslation.fields"})
    monkeypatch.setattr(ShopProduct, "slogan", descriptor(), raising=False)
    store.set(SKILLS=["tests.checks.skills.Title"])

    assert store.message() == (
        "E027",
        "write_title writes SHOP_AI['ROLES']['product']['FIELDS']['seo_title'], "
        "and modeltranslation translates 'slogan'.",
        'Bind the column of one language, such as "slogan_en", or add "WRITE": "yourshop.ai.write" and '
        '"UNDO": "yourshop.ai.undo", functions of (row, value, language).',
    )


def test_W028_undo_without_write(store):
    store.field("category", {"READ": "slogan", "UNDO": "tests.checks.functions.writes"})

    assert store.message() == (
        "W028",
        f"{PLACE} has an UNDO and no WRITE: it is never called.",
        "Take it out, or add a WRITE; a column is written and restored without either.",
    )


def test_a_function_in_c_is_taken_on_trust(store, monkeypatch):
    monkeypatch.setattr(Product, "in_c", property(len), raising=False)

    assert store.field("category", "in_c").messages() == []
    assert store.field("category", "builtins.dict").messages() == []
