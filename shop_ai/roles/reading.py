"""Reading one field of a role from a row of the store."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.functional import Promise

from shop_ai.roles import editorjs, loading, paths
from shop_ai.roles.facts import as_facts

if TYPE_CHECKING:
    from shop_ai.roles.binding import Binding


def read(binding: Binding, row: models.Model, name: str, language: str | None) -> Any:
    """The field's value: facts, plain values, or nested rows as the role they are bound to."""
    value = _raw(binding, _as_bound(binding, row), name)
    if binding.fields[name].FORMAT == "editorjs":
        return editorjs.text_of(value)
    if name in binding.role.facts:
        field = binding.fields[name]
        return as_facts(value, lambda item: (paths.follow(item, field.KEY), paths.follow(item, field.VALUE)))
    if isinstance(value, list | tuple | Iterator):
        return [_present(binding, item, language) for item in value]
    return _present(binding, value, language)


def _as_bound(binding: Binding, row: models.Model) -> models.Model:
    """The row as the proxy that is bound, when it was read as the model behind it."""
    if isinstance(row, binding.model) or not binding.model._meta.proxy:
        return row
    seen = copy.copy(row)
    seen.__class__ = binding.model
    return seen


def _raw(binding: Binding, row: models.Model, name: str) -> Any:
    """What stands at the end of the path; related rows as a list."""
    path = binding.fields[name].READ
    many = next((step for step in paths.relations(binding.model, path) if step.to_many), None)
    if many is not None:
        items = _related(binding, row, name, many)
        return [paths.follow(item, many.rest) for item in items] if many.rest else items
    value = paths.follow(row, path)
    value = value.all() if paths.is_manager(value) else value
    if isinstance(value, models.QuerySet):
        return list(loading.limited(binding, name, value)[: binding.fields[name].LIMIT])
    return value


def _related(binding: Binding, row: models.Model, name: str, many: paths.Step) -> list[Any]:
    """The rows behind a to-many relation, loaded before by `with_relations` or now."""
    before = many.lookup.rpartition("__")[0]
    holder = paths.follow(row, before) if before else row
    if holder is None:
        return []
    loaded = getattr(holder, loading.kept_as(binding, name), None)
    if loaded is None:
        loaded = loading.related(binding, name, many, getattr(holder, many.name).all())
    return list(loaded[: binding.fields[name].LIMIT])


def _present(binding: Binding, value: Any, language: str | None) -> Any:
    """A row that is bound itself becomes its role's values; any other row its own words."""
    if isinstance(value, Promise):
        return str(value)
    if not isinstance(value, models.Model):
        return value
    other = binding.sibling(type(value))
    return other.values(value, language) if other is not None else str(value)
