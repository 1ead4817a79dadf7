"""Conditions on the store's rows by what became of our work on them, as SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import connections, models
from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat, Substr

from shop_ai.models import Job, Suggestion
from shop_ai.models.job import LIVE, REAL
from shop_ai.models.suggestion import Decision
from shop_ai.roles import Binding, binding_for
from shop_ai.skills import Skill


def key(binding: Binding) -> Any:
    """The outer row's key as `target_id` holds it."""
    text: Any = Cast(OuterRef("pk"), CharField())
    pk: Any = binding.model._meta.pk
    while pk.remote_field is not None:
        pk = pk.target_field
    if isinstance(pk, models.UUIDField) and not connections[binding.using].features.has_native_uuid_field:
        parts = [Substr(text, start, size) for start, size in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))]
        dashed = [part for one in parts for part in (Value("-"), one)][1:]
        return Concat(*dashed, output_field=CharField())
    return text


def of_row(binding: Binding, asked: Skill, **more: Any) -> dict[str, Any]:
    return {
        "skill": asked.name,
        "target_model": binding.model._meta.label_lower,
        "target_id": key(binding),
        **more,
    }


def live(binding: Binding, asked: Skill) -> Exists:
    """A job for the row waits or runs."""
    return Exists(Job.objects.filter(REAL, **of_row(binding, asked, state__in=LIVE)))


def last_job_in(binding: Binding, asked: Skill, states: Iterable[str]) -> Exists:
    """The newest job for the row is in one of these states."""
    same = {name: OuterRef(name) for name in ("skill", "target_model", "target_id")}
    newer = Job.objects.filter(REAL, **same, pk__gt=OuterRef("pk"))
    return Exists(Job.objects.filter(REAL, ~Exists(newer), **of_row(binding, asked, state__in=states)))


def draft(binding: Binding, asked: Skill, **more: Any) -> Exists:
    """A text waits for a person."""
    return Exists(Suggestion.objects.filter(**of_row(binding, asked, state=Decision.WAITING, **more)))


def applied(binding: Binding, asked: Skill) -> Exists:
    """A text of ours stands on the row, or stood there until a person changed it."""
    return Exists(Suggestion.objects.filter(**of_row(binding, asked, state=Decision.APPLIED)))


def outdated(binding: Binding, asked: Skill) -> Exists:
    """The newest text that waits or was applied no longer fits the facts."""
    states = (Decision.WAITING, Decision.APPLIED)
    same = {name: OuterRef(name) for name in ("skill", "target_model", "target_id", "language")}
    newer = Suggestion.objects.filter(**same, state__in=states, pk__gt=OuterRef("pk"))
    mine = of_row(binding, asked, state__in=states, stale=True)
    return Exists(Suggestion.objects.filter(~Exists(newer), **mine))


def columns(binding: Binding, asked: Skill) -> list[models.Field[Any, Any]]:
    """The store's columns that the skill writes to; empty where one of them is no column."""
    found = [binding.column(name) for name in asked.writes.values() if name in binding.fields]
    known = [column for column in found if column is not None]
    return known if len(known) == len(found) else []


def empty(column: models.Field[Any, Any]) -> Q:
    """Nothing stands in the column."""
    none = Q(**{f"{column.name}__isnull": True})
    is_text = isinstance(column, models.CharField | models.TextField)
    return none | Q(**{column.name: ""}) if is_text else none


def has_text(binding: Binding, asked: Skill) -> Q | None:
    """Something stands in a field the skill writes to; None where SQL cannot tell."""
    found = columns(binding, asked)
    if not found:
        return None
    condition = Q()
    for column in found:
        condition |= ~empty(column)
    return condition


def attach_rows(items: Iterable[Any]) -> None:
    """Give each job or suggestion its row of the store as `row` (None when gone): one query a model."""
    items = list(items)
    by_model: dict[str, set[str]] = {}
    for item in items:
        by_model.setdefault(item.target_model, set()).add(item.target_id)
    found = {f"{label} {row.pk}": row for label, keys in by_model.items() for row in _load(label, keys)}
    for item in items:
        item.row = found.get(f"{item.target_model} {item.target_id}")


def _load(label: str, keys: set[str]) -> Iterable[Any]:
    try:
        binding = binding_for(apps.get_model(label))
    except LookupError:
        return ()
    return binding.by_pk(*keys) if binding else ()
