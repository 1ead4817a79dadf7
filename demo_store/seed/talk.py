"""What people say about the goods and ask of the store: reviews, help articles and tickets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.models import User

from demo_store.catalogue.models import Product
from demo_store.reviews.models import Review
from demo_store.seed.files import TODAY, dice, load, load_shelves
from demo_store.seed.opinions import Pool
from demo_store.seed.people import customers
from demo_store.seed.sales import asked_order_number
from demo_store.support.models import Article, Ticket


def add_reviews() -> None:
    """Add reviews to the seeded products that have none."""
    pools = {"en": Pool("english", "any"), "zh-hans": Pool("chinese", "zh-any")}
    kinds = {row["sku"]: row["kind"] for shelf in load_shelves() for row in shelf["product"]}
    products = Product.objects.filter(sku__in=kinds, reviews=None)
    Review.objects.bulk_create(
        review for product in products for review in _reviews(product, kinds[product.sku], pools)
    )


def _reviews(product: Product, kind: str, pools: dict[str, Pool]) -> Iterator[Review]:
    throw = dice("reviews", product.sku)
    authors = {language: _authors(language, throw) for language in pools}
    other = "zh-hans" if product.language == "en" else "en"
    wanted = {product.language: throw.randint(5, 9), other: int(throw.random() < 0.3)}
    for language, count in wanted.items():
        for opinion in pools[language].opinions(kind, count, throw):
            customer, name = next(authors[language])
            yield Review(
                product=product,
                customer=customer,
                author_name=name,
                stars=opinion.stars,
                title=opinion.title,
                body=opinion.body,
                status=Review.Status.WAITING if throw.random() < 0.06 else Review.Status.PUBLISHED,
                created_at=_some_day(throw),
            )
    for row in load("reviews/whole.toml")["review"]:
        if row["sku"] == product.sku:
            yield Review(
                product=product,
                author_name=row["author"],
                stars=row["stars"],
                title=row["title"],
                body=row["body"],
                status=Review.Status.PUBLISHED,
                created_at=_some_day(throw),
            )


def _authors(language: str, throw: Random) -> Iterator[tuple[User | None, str]]:
    """Yield customers and guests who write the language, nobody twice."""
    guests = load("customers.toml")["guests" if language == "en" else "guests_zh"]
    people: list[tuple[User | None, str]] = [(None, name) for name in guests]
    for user in customers():
        if user.last_name.isascii() == (language == "en"):
            name = f"{user.first_name} {user.last_name[0]}." if language == "en" else f"{user.last_name}**"
            people.append((user, name))
    throw.shuffle(people)
    return iter(people)


def _some_day(throw: Random) -> datetime:
    return TODAY - timedelta(days=throw.randint(1, 380), minutes=throw.randint(0, 1400))


def add_articles() -> None:
    """Add the help articles that are missing."""
    Article.objects.bulk_create(
        [Article(**{**row, "body": row["body"].strip()}) for row in load("articles.toml")["article"]],
        ignore_conflicts=True,
    )


def add_tickets() -> None:
    """Add the tickets that are missing; {order} becomes the number of the order that is asked about."""
    people = {user.username: user for user in customers()}
    tickets = []
    for place, row in enumerate(load("tickets.toml")["ticket"], start=1):
        user = people.get(row.get("customer", ""))
        tickets.append(
            Ticket(
                number=f"T-{2000 + place}",
                user=user,
                email=user.email if user else row["email"],
                title=row["title"],
                message=row["message"].replace("{order}", asked_order_number(place)),
                status=row.get("status", Ticket.Status.OPEN),
                reply=row.get("reply", ""),
                created_at=TODAY - timedelta(hours=7 * place),
            )
        )
    Ticket.objects.bulk_create(tickets, ignore_conflicts=True)
