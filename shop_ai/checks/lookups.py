"""Lookups of FILTER, ORDER and conditions, and the fix for one that does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage
from django.core.exceptions import FieldDoesNotExist, FieldError, ValidationError
from django.db import models

from shop_ai.checks.messages import message
from shop_ai.conf import closest

VALUES: Mapping[type[models.Field[Any, Any]], str] = {
    models.BooleanField: "True or False",
    models.IntegerField: "a whole number",
    models.FloatField: "a number",
    models.DecimalField: "a number",
    models.DateTimeField: 'a time such as "2026-01-31T12:00:00Z"',
    models.DateField: 'a date such as "2026-01-31"',
    models.TimeField: 'a time of day such as "12:00"',
    models.UUIDField: "a UUID",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How far the names of a lookup lead over models."""

    done: tuple[str, ...]
    rest: tuple[str, ...]
    """What is no column and no relation: lookups, or a mistake."""
    model: type[models.Model]
    """The model where it ends."""
    column: Any = None
    """The last field, relation or not."""


def unfit(
    number: str, where: str, model: type[models.Model], lookups: Mapping[str, Any]
) -> Iterator[CheckMessage]:
    """A message for each lookup that cannot be asked of the model; the query is built and never run."""
    for lookup, value in lookups.items():
        try:
            models.QuerySet(model).filter(**{lookup: value})
        except FieldError as error:
            yield message(number, _sentence(where, lookup, model, error), corrected(model, lookup))
        except (ValidationError, ValueError, TypeError) as error:
            yield message(number, _sentence(where, lookup, model, error), _fitting(model, lookup))


def _sentence(where: str, lookup: str, model: type[models.Model], error: Exception) -> str:
    reason = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
    return f"{where}: {lookup!r} does not fit {model._meta.label}: {reason.partition(' Choices')[0]}"


def orders(model: type[models.Model], path: str) -> bool:
    """Whether rows of the model can be put in order by it; Django itself looks at the first name alone."""
    try:
        models.QuerySet(model).order_by(path)
    except FieldError:
        return False
    walk = _walk(model, path.lstrip("-"))
    into = getattr(walk.column, "get_transform", None)  # such as a key of JSON
    return not walk.rest or path == "?" or bool(into and into(walk.rest[0]))


def corrected(model: type[models.Model], lookup: str) -> str:
    """A hint with the lookup whose first wrong name is put right, or with all names that may stand there."""
    walk = _walk(model, lookup)
    if not walk.rest:
        return f"Ask for one of its columns: {lookup}__…"
    wrong, *after = walk.rest
    known = _names(walk)
    near = closest(wrong, known)
    if near:
        return f"Did you mean {'__'.join([*walk.done, near, *after])!r}?"
    what = f"lookups of {walk.done[-1]!r}" if walk.done else f"fields of {model._meta.label}"
    return f"Known {what}: {', '.join(sorted(known))}."


def _walk(model: type[models.Model], lookup: str) -> Walk:
    names = lookup.split("__")
    current, column = model, None
    for place, name in enumerate(names):
        found = _field(current, name)
        if found is None or (column is not None and not column.is_relation):
            return Walk(done=tuple(names[:place]), rest=tuple(names[place:]), model=current, column=column)
        column = found
        current = found.related_model if found.is_relation and found.related_model else current
    return Walk(done=tuple(names), rest=(), model=current, column=column)


def _field(model: type[models.Model], name: str) -> Any:
    try:
        return model._meta.pk if name == "pk" else model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _names(walk: Walk) -> list[str]:
    """What may stand where the walk ended: fields of a model, lookups of a column."""
    fields = [field.name for field in walk.model._meta.get_fields()]
    if walk.column is None:
        return fields
    lookups = list(walk.column.get_lookups()) if hasattr(walk.column, "get_lookups") else []
    return [*fields, *lookups] if walk.column.is_relation else lookups


def _fitting(model: type[models.Model], lookup: str) -> str:
    """A hint that says what value the lookup takes."""
    walk = _walk(model, lookup)
    last = walk.rest[-1] if walk.rest else ""
    key = walk.column is not None and walk.column.is_relation
    value = _value(walk.model._meta.pk if key else walk.column)
    if last in ("in", "range"):
        return f"Give {lookup!r} a list, each {value}."
    if not key:
        return f"Give {lookup!r} {value}."
    texts = (field for field in walk.model._meta.concrete_fields if isinstance(field, TEXTS))
    other = next((f", or ask for '{lookup}__{field.name}'" for field in texts), "")
    return f"Give {lookup!r} {value}, the key of {walk.model._meta.label}{other}."


TEXTS = (models.CharField, models.TextField)


def _value(column: Any) -> str:
    while column is not None and column.remote_field is not None:  # a key that is another table's
        column = column.target_field
    found = (words for kind, words in VALUES.items() if isinstance(column, kind))
    return next(found, f"what a {type(column).__name__} takes")
