"""What every page of the storefront shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from demo_store.catalogue.models import Category


def shelves(request: HttpRequest) -> dict[str, Any]:
    """Give the templates the categories; lazily, so that other pages pay no query."""
    return {"shelves": Category.objects.all()}
