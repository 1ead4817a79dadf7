"""What the mapping cannot say: names and texts in the translation table."""

from __future__ import annotations

from django.utils import translation

from tests.stores.awkward.models import Product, Translation


def name(product: Product) -> str:
    return _text(product).name


def description(product: Product) -> str:
    return _text(product).description


def write_description(product: Product, value: str, language: str) -> None:
    Translation.objects.update_or_create(
        product_id=product.pk, language=language, defaults={"description": value}
    )


def undo_description(product: Product, value: str, language: str) -> None:
    Translation.objects.filter(product_id=product.pk, language=language).update(description=value or "")


def _text(product: Product) -> Translation:
    """The words in the active language, from what PREFETCH has loaded."""
    wanted = translation.get_language()
    return next((text for text in product.translations.all() if text.language == wanted), Translation())
