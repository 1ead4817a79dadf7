"""Following a path of the settings from a row to a value, and finding the relations on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.module_loading import import_string

from shop_ai.exceptions import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One relation on the way of a path."""

    lookup: str
    """Attributes from the first row to here, joined by `__`."""
    relation: Any
    name: str
    rest: str
    """What of the path follows."""

    @property
    def model(self) -> type[models.Model] | None:
        """The model at its end; None for a generic foreign key, which may lead anywhere."""
        found: type[models.Model] | None = self.relation.related_model
        return found

    @property
    def to_many(self) -> bool:
        return bool(self.relation.one_to_many or self.relation.many_to_many)

    @property
    def joins(self) -> bool:
        """Whether `select_related` can load it; it wants the query's name, which may be another."""
        return not self.to_many and self.model is not None and self.relation.name == self.name

    @property
    def back(self) -> str | None:
        """The attribute of the related row that leads back here."""
        remote = getattr(self.relation, "remote_field", None)
        return attribute(remote) if remote is not None else None


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
        value = step(value, name)
    return value


def step(value: Any, name: str) -> Any:
    """The attribute, the result of the method, or the entry of a dictionary."""
    if isinstance(value, Mapping):
        return value.get(name)
    try:
        found = getattr(value, name)
    except ObjectDoesNotExist:
        return None
    if not callable(found) or is_manager(found):
        return found
    if getattr(found, "alters_data", False):
        raise ConfigurationError(f"{type(value).__name__}.{name} changes data and cannot be read.")
    return found()


def is_manager(value: Any) -> bool:
    """Whether it is the `.all()`-able end of a relation."""
    return isinstance(value, models.manager.BaseManager)


@lru_cache(maxsize=1024)
def relations(model: type[models.Model], path: str) -> tuple[Step, ...]:
    """The relations of a path, from its beginning to the first thing that is none."""
    return () if is_function(path) else tuple(_relations_of(model, path))


def _relations_of(model: type[models.Model], path: str) -> Iterator[Step]:
    names = path.split("__")
    current: type[models.Model] | None = model
    for place, name in enumerate(names, start=1):
        relation = _relations(current).get(name) if current is not None else None
        if relation is None:
            return
        lookup, rest = "__".join(names[:place]), "__".join(names[place:])
        yield Step(lookup=lookup, relation=relation, name=name, rest=rest)
        current = relation.related_model


def _relations(model: type[models.Model]) -> Mapping[str, Any]:
    return {attribute(field): field for field in model._meta.get_fields() if field.is_relation}


def attribute(field: Any) -> str:
    """The name by which a row reaches a field or a relation that points to it."""
    return str(field.get_accessor_name() if isinstance(field, models.ForeignObjectRel) else field.name)


def concrete_field(model: type[models.Model], path: str) -> models.Field[Any, Any] | None:
    """The model's own column of that name, if it is one."""
    return next((f for f in model._meta.concrete_fields if f.name == path), None)


def ends_in_column(model: type[models.Model], path: str) -> bool:
    """Whether nothing but relations and a column stand on the path: no code of the store is run."""
    steps = relations(model, path)
    last = steps[-1] if steps else None
    rest, holder = (last.rest, last.model) if last else (path, model)
    return not rest or (holder is not None and concrete_field(holder, rest) is not None)


def relation_names(model: type[models.Model]) -> list[str]:
    """The attributes of a row that lead to other rows."""
    return list(_relations(model))
