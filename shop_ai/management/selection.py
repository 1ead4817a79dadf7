"""Which rows a command is about: `--where`, `--ids` and `--limit` over what bulk work may touch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.core.management.base import CommandError
from django.db.models import QuerySet

from shop_ai.conf import config, nearest
from shop_ai.roles import Binding
from shop_ai.skills import Skill

WORDS = {"true": True, "false": False, "none": None}


def select(
    asked: Skill, binding: Binding, *, where: Sequence[str], ids: Sequence[str], limit: int | None
) -> list[Any]:
    """Keys of the rows, in order; `CommandError` with the next step where there are none."""
    allowed = binding.all().filter(**binding.settings.FILTER)
    allowed = allowed.filter(**asked.condition).filter(**config().CONDITIONS.get(asked.name, {}))
    for one in where:
        allowed = narrowed(allowed, one)
    if ids:
        allowed = _filtered(allowed, "--ids", pk__in=ids)
    keys = list(dict.fromkeys(allowed.order_by("pk").values_list("pk", flat=True)))[:limit]
    if not keys:
        label = binding.model._meta.label
        raise CommandError(
            f"No row of {label} fits. Left out are those outside FILTER and the conditions of {asked.name} "
            "in SHOP_AI; loosen --where or --ids."
        )
    return keys


def narrowed(rows: QuerySet[Any], condition: str) -> QuerySet[Any]:
    """`field=value`: any lookup of Django; true, false and none are what they say, `__in` takes commas."""
    name, equals, text = condition.partition("=")
    if not equals or not name:
        raise CommandError(f"--where {condition!r}: write field=value, such as category__name=Lighting.")
    value: Any = WORDS.get(text.lower(), text)
    if name.endswith("__in"):
        value = text.split(",")
    return _filtered(rows, f"--where {condition!r}", **{name: value})


def _filtered(rows: QuerySet[Any], what: str, **lookups: Any) -> QuerySet[Any]:
    try:
        return rows.filter(**lookups)
    except FieldError as error:
        (name,) = lookups
        known = [field.name for field in rows.model._meta.get_fields()]
        first = name.split("__")[0]
        hint = f" {nearest(first, known, what='fields')}" if first not in known else f" {error}"
        raise CommandError(f"{what}: {rows.model._meta.label} has no such field.{hint}") from error
    except (ValueError, TypeError, ValidationError) as error:
        said = " ".join(getattr(error, "messages", None) or [str(error)])
        raise CommandError(f"{what}: {said}") from error
