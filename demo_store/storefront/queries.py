"""What the storefront reads: public products in a visitor's order, with their stars."""

from __future__ import annotations

from django.db.models import Avg, Case, Count, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import get_language

from demo_store.catalogue.models import Product
from demo_store.reviews.models import Review
from demo_store.support.models import Article


def visitor_language() -> str:
    """Return the language of our texts that fits the visitor's."""
    return "zh-hans" if (get_language() or "").startswith("zh") else "en"


def own_language_first() -> Case:
    """Order rows in the visitor's language before the others."""
    return Case(
        When(language=visitor_language(), then=Value(0)), default=Value(1), output_field=IntegerField()
    )


def public_products() -> QuerySet[Product]:
    """Return what visitors may see, with the number and mean of its published stars."""
    published = Q(reviews__status=Review.Status.PUBLISHED)
    return (
        Product.objects.filter(is_public=True)
        .select_related("maker", "category")
        .annotate(
            review_count=Count("reviews", filter=published),
            mean_stars=Avg("reviews__stars", filter=published),
        )
        .order_by(own_language_first(), "title")
    )


def found_products(words: str) -> QuerySet[Product]:
    """Return the public products that carry the words in title, maker or description."""
    return public_products().filter(
        Q(title__icontains=words) | Q(maker__name__icontains=words) | Q(long_text__icontains=words)
    )


def public_articles() -> QuerySet[Article]:
    """Return the published help articles."""
    return Article.objects.filter(published=True).order_by(own_language_first(), "title")
