"""The seeded store has what the demo needs, and is the same each time."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import Count, F

from demo_store.catalogue.models import Attribute, Category, Maker, Product
from demo_store.orders.models import Line, Order
from demo_store.reviews.models import Review
from demo_store.seed.files import TODAY, dice
from demo_store.seed.opinions import Pool, vary
from demo_store.support.models import Article, Ticket

HAN = re.compile(r"[\u4e00-\u9fff]")
pytestmark = pytest.mark.usefixtures("store")


def seed() -> str:
    out = StringIO()
    call_command("seed_store", stdout=out)
    return out.getvalue()


def test_catalogue_is_large_enough_and_mixed():
    products = Product.objects.annotate(facts=Count("attributes"))

    assert Category.objects.count() == 5
    assert not Category.objects.filter(name_zh="").exists()
    assert products.count() >= 60
    assert 0.28 <= products.filter(long_text="").count() / products.count() <= 0.42
    assert 12 <= products.filter(language="zh-hans").count() <= 15
    assert products.filter(facts__lte=1, long_text="").count() == 3
    assert products.filter(facts__lt=4).count() == 3
    assert products.filter(facts__gt=9).count() == 0


def test_texts_are_in_the_language_the_product_says():
    for product in Product.objects.prefetch_related("attributes"):
        texts = [product.title, product.long_text, *(row.name for row in product.attributes.all())]
        assert all(bool(HAN.search(text)) == (product.language == "zh-hans") for text in texts if text), (
            product
        )


def test_numbers_of_a_description_stand_among_the_facts():
    for product in Product.objects.exclude(long_text="").prefetch_related("attributes"):
        facts = f"{product.title} {' '.join(row.value for row in product.attributes.all())}"
        for number in re.findall(r"\d[\d,.]*\d|\d", product.long_text):
            assert number in facts, (product.sku, number)


def test_people_orders_and_talk_are_there():
    assert User.objects.filter(is_staff=False).count() >= 20
    assert Order.objects.count() >= 40
    assert not Order.objects.filter(lines=None).exists()
    assert Ticket.objects.count() >= 25
    assert Ticket.objects.filter(title__regex=HAN.pattern).count() >= 5
    assert Article.objects.filter(published=True).count() >= 12
    assert Article.objects.filter(language="zh-hans").exists()


def test_reviews_are_many_and_no_two_are_the_same():
    bodies = list(Review.objects.values_list("body", flat=True))

    assert len(bodies) >= 400
    assert len(set(bodies)) == len(bodies)
    assert not [body for body in bodies if "{" in body or "|" in body or "  " in body]
    assert sum(bool(HAN.search(body)) for body in bodies) >= 70
    assert set(Review.objects.values_list("stars", flat=True)) == {1, 2, 3, 4, 5}
    assert Review.objects.filter(status=Review.Status.WAITING).exists()
    assert not Review.objects.filter(created_at__gt=TODAY).exists()


def test_tickets_ask_about_orders_of_the_same_customer():
    for ticket in Ticket.objects.exclude(user=None):
        assert "{" not in ticket.message
        for number in re.findall(r"S-\d+", ticket.message):
            assert Order.objects.get(number=number).user == ticket.user


def test_sent_orders_have_a_tracking_number():
    sent = Order.objects.filter(status__in=["shipped", "delivered", "returned"])

    assert sent.exists()
    assert not sent.filter(tracking="").exists()
    assert not sent.exclude(shipped_at__gt=F("placed_at")).exists()


def test_seeding_again_adds_nothing_and_changes_nothing():
    models = (User, Category, Maker, Product, Attribute, Order, Line, Review, Ticket, Article)
    Product.objects.filter(sku="KIT-1001").update(long_text="Written by a person.")
    before = [list(model.objects.order_by("pk").values()) for model in models]

    said = seed()

    assert [list(model.objects.order_by("pk").values()) for model in models] == before
    assert "products" in said and "admin/admin" in said


def test_seeding_is_the_same_each_time():
    before = list(
        Review.objects.order_by("pk").values_list("stars", "title", "body", "author_name", "created_at")
    )
    Review.objects.all().delete()

    seed()

    assert (
        list(Review.objects.order_by("pk").values_list(*"stars title body author_name created_at".split()))
        == before
    )


def test_staff_can_log_in(client):
    assert client.login(username="admin", password="admin")
    assert client.login(username="merchant", password="merchant")
    merchant = User.objects.get(username="merchant")
    assert merchant.has_perm("catalogue.change_product")
    assert not merchant.has_perm("auth.change_user")


def test_every_kind_of_product_has_sentences_of_its_own():
    for shelf_kind, pool in [("lamp battery", Pool("english", "any")), ("zh-bed", Pool("chinese", "zh-any"))]:
        own = [name for name in pool.aspects(shelf_kind) if not name.startswith(pool.anything)]
        assert len(own) >= 3


def test_vary_chooses_one_wording_of_each_pair_of_braces():
    assert vary("{a|a} and {b|b}{|}.", dice("test")) == "a and b."
