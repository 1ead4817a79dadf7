"""The pages of the storefront and the store's admin, as a visitor sees them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from demo_store.catalogue.models import Category, Product
from demo_store.orders.models import Order
from demo_store.reviews.models import Review
from demo_store.support.models import Article

pytestmark = pytest.mark.usefixtures("store")


def page(client: Client, name: str, *args: str, language: str = "en", **query: str) -> str:
    response = client.get(
        reverse(f"storefront:{name}", args=args), query, headers={"accept-language": language}
    )
    assert response.status_code == 200
    return response.content.decode()


def test_home_shows_categories_and_products(client):
    html = page(client, "home")

    assert all(shelf.get_absolute_url() in html for shelf in Category.objects.all())
    assert html.count('class="card"') == 8
    assert '<html lang="en">' in html


def test_home_speaks_chinese_and_shows_chinese_products_first(client):
    html = page(client, "home", language="zh-hans")

    assert '<html lang="zh-Hans">' in html
    assert "最受喜爱" in html and "厨房用品" in html
    assert html.count('<strong lang="zh-Hans">') == 8


def test_a_browser_finds_the_icon_where_it_looks_for_one(client):
    response = client.get("/favicon.ico")

    assert finders.find(response.url.removeprefix("/static/"))


def test_language_is_switched_by_the_form(client):
    client.post(reverse("set_language"), {"language": "zh-hans", "next": "/"})

    assert "首页" in client.get(reverse("storefront:product", args=["KIT-1001"])).content.decode()


def test_category_is_shown_in_pages_of_twelve(client):
    first, second = page(client, "category", "kitchen"), page(client, "category", "kitchen", page="2")

    assert "14 products" in first and "Page 1 of 2" in first
    assert (first.count('class="card"'), second.count('class="card"')) == (12, 2)


def test_product_shows_facts_description_and_published_reviews(client):
    product = Product.objects.get(sku="AUD-1001")
    hidden = Review.objects.create(product=product, author_name="N", stars=1, body="Not checked yet.")
    html = page(client, "product", product.sku)

    assert "Up to 38 hours" in html and "€159.00" in html and "by Ondalis" in html
    assert "<p>Closed over-ear headphones" in html
    assert "Switched off eleven times" in html and "2 of 5 stars" in html
    assert hidden.body not in html


def test_product_without_description_has_no_empty_section(client):
    assert 'id="description"' not in page(client, "product", "KIT-1003")


def test_texts_are_escaped(client):
    Product.objects.filter(sku="KIT-1003").update(long_text="<script>alert(1)</script>\n\nSecond.")
    html = page(client, "product", "KIT-1003")

    assert "<script>" not in html and "&lt;script&gt;" in html
    assert "<p>Second.</p>" in html


def test_hidden_product_is_not_found(client):
    Product.objects.filter(sku="KIT-1003").update(is_public=False)

    assert client.get(reverse("storefront:product", args=["KIT-1003"])).status_code == 404
    assert "Stainless Steel Saucepan" not in page(client, "search", q="saucepan")


def test_search_finds_title_maker_and_description(client):
    assert "Clip-On Reading Light" in page(client, "search", q="reading")
    assert "Hand Blender" in page(client, "search", q="tolmy")
    assert "Casserole" in page(client, "search", q="moss-green")
    assert "手工铸铁炒锅" in page(client, "search", q="炒锅")
    assert "Nothing found" in page(client, "search", q="zeppelin")
    assert "Type a word" in page(client, "search")


def test_help_shows_published_articles(client):
    html = page(client, "articles")

    assert "Returning a product" in html and "退货与退款" in html
    assert "Buying for a company" not in html
    assert "within 30 days" in page(client, "article", "returns")
    assert client.get(Article.objects.get(published=False).get_absolute_url()).status_code == 404


def test_customer_sees_only_own_orders(client):
    user = User.objects.get(username="mara.lindqvist")
    client.force_login(user)
    html = page(client, "account")

    for order in Order.objects.all():
        assert (order.number in html) == (order.user == user)


def test_stranger_is_asked_to_log_in(client):
    response = client.get(reverse("storefront:account"), follow=True)

    assert response.redirect_chain[0][0].startswith(reverse("storefront:login"))
    assert 'name="password"' in response.content.decode()


@pytest.mark.parametrize("address", ["home", "articles", "search", "login"])
def test_pages_have_no_script_and_no_inline_style(client, address):
    html = page(client, address)

    assert "<script" not in html and "style=" not in html
    assert "<main" in html and "<nav" in html and "<footer" in html


def test_category_needs_four_queries(client, django_assert_num_queries):
    with django_assert_num_queries(4):  # the shelf, how many, the products, the shelves of the menu
        page(client, "category", "kitchen")


ADMINS = ["catalogue_product", "catalogue_category", "catalogue_maker", "reviews_review", "support_ticket"]


@pytest.mark.parametrize("model", [*ADMINS, "support_article", "orders_order"])
def test_admin_lists_and_forms_open(admin_client, model):
    assert admin_client.get(reverse(f"admin:{model}_changelist"), {"q": "a"}).status_code == 200
    assert admin_client.get(reverse(f"admin:{model}_add")).status_code == 200


def test_admin_form_of_a_product_shows_its_attributes(admin_client):
    product = Product.objects.get(sku="AUD-1001")
    html = admin_client.get(reverse("admin:catalogue_product_change", args=[product.pk])).content.decode()

    assert "Up to 38 hours" in html
