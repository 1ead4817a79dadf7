"""Following a path of the settings from a row to a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.module_loading import import_string


@lru_cache(maxsize=256)
def function(dotted: str) -> Callable[..., Any]:
    """The store's function of that dotted name."""
    found: Callable[..., Any] = import_string(dotted)
    return found


def is_function(path: str) -> bool:
    return "." in path


def follow(row: Any, path: str) -> Any:
    """The value at the end of `path`; None where the chain breaks at a missing relation."""
    if is_function(path):
        return function(path)(row)
    value = row
    for name in path.split("__"):
        if value is None:
            return None
        try:
            value = getattr(value, name)
        except ObjectDoesNotExist:
            return None
        if callable(value) and not is_manager(value):
            value = value()
    return value


def is_manager(value: Any) -> bool:
    """Whether it is the `.all()`-able end of a relation."""
    return isinstance(value, models.Manager)


def relations(model: type[models.Model], path: str) -> Iterator[tuple[str, Any]]:
    """The relational steps of a path as (lookup so far, field); stops at the first plain one."""
    if is_function(path):
        return
    lookup: list[str] = []
    current: type[models.Model] | None = model
    for name in path.split("__"):
        if current is None:
            return
        found = {f.get_accessor_name() if f.auto_created else f.name: f for f in _relations(current)}
        step = found.get(name)
        if step is None:
            return
        lookup.append(name)
        yield "__".join(lookup), step
        current = step.related_model


def _relations(model: type[models.Model]) -> Iterator[Any]:
    return (f for f in model._meta.get_fields() if f.is_relation and f.related_model is not None)


def concrete_field(model: type[models.Model], path: str) -> models.Field[Any, Any] | None:
    """The model's own column of that name, if it is one."""
    return next((f for f in model._meta.concrete_fields if f.name == path), None)
