"""Products to write about."""

from __future__ import annotations

from demo_store.catalogue.models import Attribute, Category, Maker, Product


def cups(number):
    """That many, with facts enough to write from."""
    category = Category.objects.create(name="Kitchen", slug="kitchen")
    maker = Maker.objects.create(name="Tolmy")
    rows = [
        Product(sku=f"T{n}", title=f"Cup {n}", maker=maker, category=category, price=1) for n in range(number)
    ]
    Product.objects.bulk_create(rows)
    found = Product.objects.filter(maker=maker)
    Attribute.objects.bulk_create(
        Attribute(product=row, name=name, value=value)
        for row in found
        for name, value in (("Material", "Stoneware"), ("Volume", "300 ml"))
    )
    return found
