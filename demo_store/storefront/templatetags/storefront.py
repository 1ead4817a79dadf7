"""Two pictures drawn with text and lines: stars, and a tile for each shelf."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()

TILES = {"kitchen", "bed-and-bath", "lighting", "outdoor", "audio-and-power"}


@register.inclusion_tag("storefront/stars.html")
def stars(value: float) -> dict[str, Any]:
    """Draw so many of five stars, with the number for those who cannot see them."""
    full = round(value)
    return {"value": value, "full": "★" * full, "empty": "☆" * (5 - full)}


@register.inclusion_tag("storefront/tile.html")
def tile(slug: str) -> dict[str, Any]:
    """Draw the picture of a shelf; a shelf without one gets a plain box."""
    return {"slug": slug if slug in TILES else "box"}
