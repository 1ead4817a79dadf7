"""Rows of the awkward store."""

from __future__ import annotations

from tests.stores.awkward.models import Maker, Measure, Product, Review, Translation, Unit


def product(name: str = "Oak table", **fields) -> Product:
    """A product with its words, maker, measures and opinions."""
    fields.setdefault("maker", Maker.objects.create(title="Holm"))
    made = Product.everything.create(specs={"material": "oak", "size": None}, **fields)
    Translation.objects.create(product=made, language="en", name=name, description="Old.")
    Translation.objects.create(product=made, language="zh-hans", name="橡木桌", description="旧")
    unit = Unit.objects.create(name="Width")
    for place, amount in enumerate((80, 0, 40)):
        Measure.objects.create(product=made, unit=unit, amount=amount, place=place)
    for number in range(5):
        Review.objects.create(product=made, body=f"Opinion {number}", approved=number != 4)
    return made


def products(number: int) -> None:
    """Many products at once, each with a maker of its own, two measures and two opinions."""
    makers = Maker.objects.bulk_create(Maker(title=f"Maker {i}") for i in range(number))
    rows = Product.everything.bulk_create(Product(maker=maker, specs={"material": "oak"}) for maker in makers)
    units = Unit.objects.bulk_create(Unit(name=f"Unit {i}") for i in range(number))
    Translation.objects.bulk_create(
        Translation(product=row, language="en", name=f"Product {i}") for i, row in enumerate(rows)
    )
    for amount in (1, 2):
        Measure.objects.bulk_create(
            Measure(product=row, unit=unit, amount=amount) for row, unit in zip(rows, units, strict=True)
        )
        Review.objects.bulk_create(Review(product=row, body=f"Opinion {amount}") for row in rows)
