"""Fills the store with its demo rows. Running it again adds only what is missing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from demo_store.catalogue.models import Product
from demo_store.orders.models import Order
from demo_store.reviews.models import Review
from demo_store.seed.goods import add_goods
from demo_store.seed.people import PASSWORD, add_people
from demo_store.seed.sales import add_orders
from demo_store.seed.talk import add_articles, add_reviews, add_tickets
from demo_store.support.models import Article, Ticket

COUNTED = {
    "products": Product,
    "reviews": Review,
    "orders": Order,
    "tickets": Ticket,
    "help articles": Article,
}


class Command(BaseCommand):
    """Add people, goods, orders, reviews, help articles and tickets."""

    help = "Fill the store with its demo rows; rows that are there stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        """Add everything or nothing."""
        with transaction.atomic():
            for add in (add_people, add_goods, add_orders, add_reviews, add_articles, add_tickets):
                add()
        counts = ", ".join(f"{model.objects.count()} {name}" for name, model in COUNTED.items())
        self.stdout.write(f"{counts}. Log in as admin/admin, merchant/merchant or a customer/{PASSWORD}.")
