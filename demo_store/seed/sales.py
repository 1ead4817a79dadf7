"""The orders of the demo store: two for each customer, and those that tickets ask about."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from django.contrib.auth.models import User

from demo_store.catalogue.models import Product
from demo_store.orders.models import Line, Order
from demo_store.seed.files import TODAY, dice, load, load_shelves
from demo_store.seed.people import customers

COUNT = 48
Status = Order.Status
SENT = {Status.SHIPPED, Status.DELIVERED, Status.RETURNED}


def asked_order_number(place: int) -> str:
    """Return the number of the order that the ticket at this place asks about."""
    return f"S-{10200 + place}"


def add_orders() -> None:
    """Add the orders that are missing."""
    skus = [row["sku"] for shelf in load_shelves() for row in shelf["product"]]
    products = Product.objects.in_bulk(skus, field_name="sku")
    people = customers()
    by_name = {user.username: user for user in people}
    known = set(Order.objects.values_list("number", flat=True))
    for place in range(COUNT):
        number, days = f"S-{10001 + place}", round((COUNT - place) ** 1.35)
        throw = dice("order", number)
        if number not in known:
            order = _order(number, people[place % len(people)], _status(days, throw), days, throw)
            _fill(
                order, [products[sku] for sku in throw.sample(skus, throw.choice([1, 1, 2, 2, 3, 4]))], throw
            )
    for place, ticket in enumerate(load("tickets.toml")["ticket"], start=1):
        number, asked = asked_order_number(place), ticket.get("order")
        throw = dice("order", number)
        if asked and number not in known:
            order = _order(number, by_name[ticket["customer"]], Status(asked["status"]), asked["days"], throw)
            _fill(order, [products[sku] for sku in asked["skus"]], throw)


def _order(number: str, user: User, status: Order.Status, days: int, throw: Random) -> Order:
    placed = TODAY - timedelta(days=days, minutes=throw.randint(0, 600))
    sent = status in SENT
    return Order.objects.create(
        number=number,
        user=user,
        status=status,
        placed_at=placed,
        shipped_at=placed + timedelta(hours=throw.randint(3, 30)) if sent else None,
        tracking=f"PF{throw.randint(10**9, 10**10 - 1)}" if sent else "",
    )


def _fill(order: Order, products: list[Product], throw: Random) -> None:
    Line.objects.bulk_create(
        Line(order=order, product=product, quantity=throw.choice([1, 1, 1, 2, 3]), price=product.price)
        for product in products
    )


def _status(days: int, throw: Random) -> Order.Status:
    """Return what an order of that age usually is."""
    if days <= 2:
        return throw.choice([Status.NEW, Status.PAID])
    if days <= 8:
        return throw.choice([Status.PAID, Status.SHIPPED, Status.SHIPPED, Status.CANCELLED])
    return throw.choice([Status.DELIVERED] * 8 + [Status.RETURNED, Status.CANCELLED])
