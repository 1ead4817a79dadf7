"""What shop_ai cannot read from a plain field of the store: functions of a row, named in SHOP_AI["ROLES"]."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demo_store.catalogue.models import Product
    from demo_store.orders.models import Order


def facts(product: Product) -> dict[str, str]:
    """Return the rows of the product's attribute table as name and value."""
    return {attribute.name: attribute.value for attribute in product.attributes.all()}


def shelf(product: Product) -> str:
    """Return the category's name in the language of the product's texts."""
    category = product.category
    return category.name_zh if category.name_zh and product.language == "zh-hans" else category.name


def price(product: Product) -> str:
    """Return the price as customers read it."""
    return f"€{product.price:.2f}"


def total(order: Order) -> str:
    """Return what the order costs, as customers read it."""
    return f"€{order.total:.2f}"
