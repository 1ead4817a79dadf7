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


def form(number):
    """What a merchant types into the form of a new product, with two lines of its attribute table."""
    return {
        "sku": f"N{number}",
        "title": f"Jug {number}",
        "maker": Maker.objects.get().pk,
        "category": Category.objects.get().pk,
        "language": "en",
        "price": "9.90",
        "stock": "1",
        "is_public": "on",
        "long_text": "",
        "meta_title": "",
        "attributes-TOTAL_FORMS": "2",
        "attributes-INITIAL_FORMS": "0",
        "attributes-0-name": "Material",
        "attributes-0-value": "Glass",
        "attributes-1-name": "Volume",
        "attributes-1-value": "1 l",
    }
