"""The only filters a prompt may use: each keeps the marks around a value."""

from __future__ import annotations

from typing import Any

from django import template

from shop_ai.skills.marks import Quoted

register = template.Library()


@register.filter
def default(value: Any, fallback: str) -> Any:
    """The value, or our own words where it is empty."""
    return value if value else fallback


@register.filter
def join(value: Any, separator: str) -> str:
    return separator.join(str(item) for item in value)


@register.filter
def length(value: Any) -> int:
    return len(value) if value else 0


@register.filter
def first(value: Any, count: int = 1) -> list[Quoted]:
    """The first `count` items."""
    return [item for item, _ in zip(value, range(int(count)), strict=False)]


@register.filter
def shorten(value: Any, characters: int) -> Any:
    """At most so many characters of a text."""
    bare = value.value if isinstance(value, Quoted) else value
    return Quoted(str(bare)[: int(characters)])
