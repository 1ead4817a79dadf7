"""The store knows nothing of shop_ai; only its settings, urls and mapping functions name it."""

from __future__ import annotations

import ast
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import User

import demo_store
from demo_store.ai import facts, price, shelf, total
from demo_store.catalogue.models import Attribute, Category, Maker, Product
from demo_store.orders.models import Line, Order

ROOT = Path(demo_store.__file__).parent
MAY_NAME_IT = {"settings.py", "urls.py", "ai.py", "demo.py"}


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


def test_no_app_of_the_store_imports_shop_ai():
    for folder in ("catalogue", "reviews", "support", "orders", "storefront", "seed"):
        for path in (ROOT / folder).rglob("*.py"):
            assert "shop_ai" not in imports(path), path


def test_only_settings_urls_and_mapping_name_shop_ai():
    naming = {path.name for path in ROOT.glob("*.py") if "shop_ai" in path.read_text(encoding="utf-8")}

    assert naming - {"__init__.py"} <= MAY_NAME_IT


@pytest.fixture
def product(db: None) -> Product:
    product = Product.objects.create(
        sku="X-1",
        title="Cup",
        price=Decimal("8.5"),
        maker=Maker.objects.create(name="M"),
        category=Category.objects.create(name="Cups", name_zh="杯子", slug="cups"),
    )
    Attribute.objects.create(product=product, name="Material", value="Tin")
    Attribute.objects.create(product=product, name="Colour", value="Red")
    return product


def test_facts_are_the_attribute_table(product):
    assert facts(product) == {"Material": "Tin", "Colour": "Red"}


def test_category_is_named_in_the_language_of_the_product(product):
    assert shelf(product) == "Cups"

    product.language = Product.Language.CHINESE

    assert shelf(product) == "杯子"


def test_money_is_given_with_its_currency(product):
    order = Order.objects.create(number="S-1", user=User.objects.create(username="u"))
    Line.objects.create(order=order, product=product, quantity=2, price=product.price)

    assert price(product) == "€8.50"
    assert total(order) == "€17.00"
