"""The categories, makers and products of the demo store."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from demo_store.catalogue.models import Attribute, Category, Maker, Product
from demo_store.seed.files import TODAY, dice, load_shelves


def add_goods() -> None:
    """Add what is missing; a product that is there stays as it is."""
    known = set(Product.objects.values_list("sku", flat=True))
    for shelf in load_shelves():
        category, _ = Category.objects.get_or_create(
            slug=shelf["slug"], defaults={"name": shelf["category"], "name_zh": shelf["name_zh"]}
        )
        rows = [row for row in shelf["product"] if row["sku"] not in known]
        # bulk_create sends no signals: a seeded store is one that was there before shop_ai came.
        products = Product.objects.bulk_create([_product(row, category) for row in rows])
        Attribute.objects.bulk_create(
            Attribute(product=product, name=name, value=value)
            for product, row in zip(products, rows, strict=True)
            for name, value in row["facts"]
        )


def _product(row: dict[str, Any], category: Category) -> Product:
    maker, _ = Maker.objects.get_or_create(name=row["maker"])
    return Product(
        sku=row["sku"],
        title=row["title"],
        maker=maker,
        category=category,
        language=row.get("language", Product.Language.ENGLISH),
        price=Decimal(row["price"]),
        stock=row["stock"],
        long_text=row.get("text", "").strip(),
        created_at=TODAY - timedelta(days=dice("created", row["sku"]).randint(400, 700)),
    )
