from __future__ import annotations

import pytest

from tests.stores.awkward.models import Product


def listing(store, *names):
    return store.set(SKILLS=[f"tests.checks.skills.{name}" for name in names])


def test_E014_condition_of_a_setting(store):
    store.field("created", "added").set(ON_CREATE={"describe_product": {"archivd": False}})

    number, text, hint = store.message()

    assert (number, hint) == ("E014", "Did you mean 'archived'?")
    assert text.startswith(
        "SHOP_AI['ON_CREATE']['describe_product']: 'archivd' does not fit awkward.ShopProd"
    )


def test_E014_condition_of_a_skill(store):
    number, text, hint = listing(store, "Condition").message()

    assert (number, hint) == ("E014", "Did you mean 'slogan'?")
    assert text.startswith("The condition of write_sometimes: 'sloga' does not fit awkward.ShopProduct: ")


@pytest.mark.parametrize(("key", "value"), [("ON_CREATE", {}), ("CONDITIONS", {}), ("STALENESS", "suggest")])
def test_E015_skill_that_is_not_listed_names_the_nearest(store, key, value):
    assert store.set(**{key: {"describe_produkt": value}}).message() == (
        "E015",
        f"SHOP_AI[{key!r}] names 'describe_produkt', and no skill of that name is listed.",
        "Did you mean 'describe_product'?",
    )


def test_E015_is_silent_while_a_listed_skill_cannot_be_loaded(store):
    listing(store, "Titel").set(ON_CREATE={"write_title": {}}).field("teaser", "slogan")

    assert [number for number, _, _ in store.messages()] == ["E020"]


def test_E016_unknown_staleness_names_the_nearest(store):
    assert store.set(STALENESS={"describe_product": "requeu"}).message() == (
        "E016",
        "SHOP_AI['STALENESS']['describe_product'] is 'requeu'.",
        "Did you mean 'requeue'?",
    )


def test_E020_skill_that_does_not_exist_names_the_nearest(store):
    number, text, hint = listing(store, "Titel").message()

    assert (number, hint) == ("E020", "Did you mean 'Title'?")
    assert text.startswith("The skill 'tests.checks.skills.Titel' cannot be imported: ImportError: ")


def test_E020_tells_the_cause(store):
    _, text, _ = store.set(SKILLS=["tests.checks.broken.Skill"]).message()

    assert "RuntimeError: the store's module is broken; ModuleNotFoundError" in text


@pytest.mark.parametrize("name", ["NOT_A_CLASS", "BaseModel"])
def test_E021_not_a_skill(store, name):
    assert listing(store, name).message() == (
        "E021",
        f"'tests.checks.skills.{name}' in SHOP_AI['SKILLS'] is not a subclass of shop_ai.skills.Skill.",
        "List the class of a skill, not an instance, a module or a function.",
    )


def test_E022_two_skills_of_one_name(store):
    assert listing(store, "Title", "SameName").message() == (
        "E022",
        "SHOP_AI['SKILLS'] lists 2 skills with the name 'write_title'.",
        "Keep one of them, or give the other another `name`.",
    )


def test_E023_role_of_a_skill_is_not_bound(store):
    assert listing(store, "Answer").message() == (
        "E023",
        "The skill 'answer_title' works on the role 'ticket', which is not bound.",
        "Add 'ticket' to SHOP_AI['ROLES'], or take the skill out of SHOP_AI['SKILLS'].",
    )


def test_W024_written_field_is_not_bound(store):
    assert listing(store, "Teaser").message() == (
        "W024",
        "The skill 'write_teaser' writes product.teaser, which is not bound: it stays with the job.",
        """Add "teaser": "your_field" to SHOP_AI['ROLES']['product']['FIELDS'] to store it.""",
    )


def test_W075_field_that_a_skill_cannot_do_without_names_the_line(store):
    del store.data["ROLES"]["product"]["FIELDS"]["attributes"]

    assert store.message() == (
        "W075",
        "The skill 'describe_product' declines every row while product.attributes is not bound.",
        """Add to SHOP_AI['ROLES']['product']['FIELDS']: "attributes": "a path on awkward.ShopProduct".""",
    )


def test_W075_proposes_what_the_model_calls_it(store):
    del store.data["ROLES"]["product"]["FIELDS"]["attributes"]
    store.role(MODEL="catalogue.Product", PREFETCH=[], FIELDS={"name": "title", "description": "long_text"})
    del store.data["ROLES"]["review"]

    _, _, hint = store.message()

    assert hint == """Add to SHOP_AI['ROLES']['product']['FIELDS']: "attributes": "attributes"."""


@pytest.mark.parametrize("model", ["awkward.Product", "awkward.ShopProduct", "awkward.Book"])
def test_W070_new_rows_that_cannot_be_told_names_the_line(store, model):
    store.role(MODEL=model).field("brand", "brand").set(ON_CREATE={"describe_product": {}})

    assert store.message() == (
        "W070",
        f"ON_CREATE runs describe_product for new rows of {model}, and no key that grows nor a time "
        "tells which are new: those of a bulk_create or an import are missed.",
        """Add to SHOP_AI['ROLES']['product']['FIELDS']: "created": "added".""",
    )


@pytest.mark.parametrize("path", ["changed", "slogan", "tests.checks.functions.of_row"])
def test_W070_time_that_is_not_set_once(store, path):
    store.field("created", path).set(ON_CREATE={"describe_product": {}})

    number, _, hint = store.message()

    assert number == "W070"
    assert hint == """Bind "created" to a time that is set once: "created": "added"."""


def test_W070_model_without_such_a_time_names_the_column_to_add(store, monkeypatch):
    monkeypatch.setattr(Product._meta.get_field("added"), "auto_now_add", False)
    store.set(ON_CREATE={"describe_product": {}})

    _, _, hint = store.message()

    assert hint == (
        "Give awkward.ShopProduct a column such as created = models.DateTimeField(auto_now_add=True), "
        """and add to SHOP_AI['ROLES']['product']['FIELDS']: "created": "created"."""
    )


def test_W070_is_silent_where_new_rows_can_be_told(store):
    store.field("created", "added").set(ON_CREATE={"describe_product": {}})
    assert store.messages() == []

    store.set(SKILLS=["tests.checks.skills.Mood"], ON_CREATE={"tell_mood": {}})
    assert store.messages() == []


def test_E025_skill_that_writes_to_another_database_names_the_line(store):
    assert listing(store, "Remark").message() == (
        "E025",
        "The skill 'write_remark' would write awkward.Purchase in the database 'suppliers'; "
        "shop_ai's tables are in 'default', and one transaction cannot span both.",
        "Route our tables there, in db_for_read and db_for_write of a router: "
        'if model._meta.app_label == "shop_ai": return "suppliers" '
        "Or take the skill out of SHOP_AI['SKILLS'].",
    )


def test_E029_skill_without_a_declaration(store):
    assert listing(store, "NoPrompt").message() == (
        "E029",
        "The skill 'tests.checks.skills.NoPrompt' does not declare 'prompt'.",
        "Add `prompt = …` to the class.",
    )


def test_the_own_check_of_a_skill_is_asked(store):
    assert listing(store, "Complaining").message() == ("store.W001", "I complain.", "Let me.")
