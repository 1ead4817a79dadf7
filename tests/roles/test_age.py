"""How a new row is told from an old one."""

from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from shop_ai.conf import FieldConfig, RoleConfig
from shop_ai.roles import ORDER, PRODUCT
from shop_ai.roles.age import key_grows, made_at
from tests.stores.awkward.models import Book, Maker, Product, ShopProduct


@pytest.mark.parametrize(
    ("model", "grows"), [(Maker, True), (Product, False), (ShopProduct, False), (Book, False)]
)
def test_only_keys_that_the_database_counts_grow(model, grows):
    assert key_grows(model) is grows


def model(name, base=models.Model, **fields):
    """A model that no other test sees."""
    meta = type("Meta", (), {"app_label": "awkward"})
    return type(name, (base,), {"__module__": __name__, "Meta": meta, **fields})


@isolate_apps("tests.stores.awkward")
def test_a_child_table_grows_as_its_parent_does_and_a_borrowed_key_does_not():
    parent = model("Parent")
    child = model("Child", parent)
    extra = model("Extra", of=models.OneToOneField(parent, models.CASCADE, primary_key=True))
    numbered = model("Numbered", number=models.BigIntegerField(primary_key=True))

    assert [key_grows(one) for one in (child, extra, numbered)] == [True, False, False]


def bound(model, **fields):
    return RoleConfig(MODEL=model._meta.label, FIELDS={k: FieldConfig(READ=v) for k, v in fields.items()})


def test_the_time_a_row_was_made_is_a_column_that_is_set_once():
    assert made_at(PRODUCT, bound(Product, created="added"), Product).name == "added"
    assert made_at(PRODUCT, bound(Book, created="added"), Book).name == "added"
    assert made_at(ORDER, bound(Product, placed="added"), Product).name == "added"


@pytest.mark.parametrize("path", ["changed", "slogan", "brand", "maker__title", "some.function"])
def test_anything_else_says_nothing_about_age(path):
    assert made_at(PRODUCT, bound(Product, created=path), Product) is None
    assert made_at(PRODUCT, bound(Product), Product) is None
