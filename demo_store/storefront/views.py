"""The pages of the storefront; nothing here knows how a text came to be."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from demo_store.catalogue.models import Category
from demo_store.reviews.models import Review
from demo_store.storefront.queries import found_products, own_language_first, public_articles, public_products

PAGE = 12
FEATURED = 8


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the shelves and what customers like best."""
    featured = public_products().filter(review_count__gt=0, stock__gt=0)
    featured = featured.order_by(own_language_first(), "-mean_stars", "-review_count", "title")[:FEATURED]
    return render(request, "storefront/home.html", {"featured": featured})


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one shelf."""
    shelf = get_object_or_404(Category, slug=slug)
    page = Paginator(public_products().filter(category=shelf), PAGE).get_page(request.GET.get("page"))
    return render(request, "storefront/category.html", {"category": shelf, "page": page})


@require_safe
def product(request: HttpRequest, sku: str) -> HttpResponse:
    """Show one product with its attributes and published reviews."""
    row = get_object_or_404(public_products(), sku=sku)
    reviews = row.reviews.filter(status=Review.Status.PUBLISHED)
    return render(
        request,
        "storefront/product.html",
        {"product": row, "attributes": row.attributes.all(), "reviews": reviews},
    )


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show the products that carry the visitor's words."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    page = Paginator(found_products(words), PAGE).get_page(request.GET.get("page")) if words else None
    return render(request, "storefront/search.html", {"words": words, "page": page})


@require_safe
def articles(request: HttpRequest) -> HttpResponse:
    """Show the titles of the help centre."""
    return render(request, "storefront/articles.html", {"articles": public_articles()})


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one help article."""
    row = get_object_or_404(public_articles(), slug=slug)
    return render(request, "storefront/article.html", {"article": row})


@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Show the customer's own orders."""
    orders = request.user.orders.prefetch_related("lines__product")
    return render(request, "storefront/account.html", {"orders": orders})
