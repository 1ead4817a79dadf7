"""Following a path over models instead of rows."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models

from shop_ai.conf import nearest
from shop_ai.roles import paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """Why a path leads nowhere, as the end of a sentence that begins with the path."""

    text: str
    hint: str
    dangerous: bool = False


def resolve(model: type[models.Model], path: str) -> Mistake | None:
    """What is wrong with a path, as far as models and classes can tell."""
    if not all(path.split("__")):
        hint = "Write the name of an attribute, or take the line out."
        return Mistake(text="has an empty name in it.", hint=hint)
    steps = paths.relations(model, path)
    lists = [step for step in steps if step.to_many]
    if len(lists) > 1:
        text = f"walks two lists, {lists[0].name!r} and {lists[1].name!r}."
        return Mistake(text=text, hint="Write a function of the row and name it by its dotted name.")
    holder, rest = (steps[-1].model, steps[-1].rest) if steps else (model, path)
    if holder is None or not rest:
        return None  # beyond a generic foreign key anything may be
    name, _, after = rest.partition("__")
    return _attribute(holder, name, after)


def _attribute(model: type[models.Model], name: str, after: str) -> Mistake | None:
    column = paths.concrete_field(model, name)
    if column is not None:
        return _beyond(column, name, after)
    found = inspect.getattr_static(model, name, None)
    if found is None or name.startswith("_"):
        text = f"does not lead anywhere: {model._meta.label} has no {name!r}."
        return Mistake(text=text, hint=nearest(name, attributes(model), what="attributes"))
    return _method(model, name) if inspect.isfunction(found) else None


def _beyond(column: models.Field[Any, Any], name: str, after: str) -> Mistake | None:
    """A column ends a path, unless it holds a dictionary."""
    if not after or column.get_internal_type() in ("JSONField", "HStoreField"):
        return None
    return Mistake(
        text=f"goes on after {name!r}, which is a plain column.", hint=f"End the path at {name!r}."
    )


def _method(model: type[models.Model], name: str) -> Mistake | None:
    method = getattr(model, name)
    label = f"{model._meta.label}.{name}"
    if getattr(method, "alters_data", False):
        hint = "Bind a method that only reads, or a column."
        return Mistake(text=f"leads to {label}, which changes data.", hint=hint, dangerous=True)
    if not takes(method, ["self"]):
        hint = "Write a function of the row that calls it, and name it by its dotted name."
        return Mistake(text=f"leads to {label}, which wants arguments.", hint=hint)
    return None


def takes(function: Callable[..., Any], arguments: Iterable[str]) -> bool:
    """Whether the function can be called with as many arguments."""
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # a function in C tells nothing
        return True
    return True


def attributes(model: type[models.Model]) -> list[str]:
    """Columns, relations, properties and methods that are the model's own."""
    own = [name for name in dir(model) if not hasattr(models.Model, name) and _is_attribute(model, name)]
    fields = [field.name for field in model._meta.concrete_fields]
    return list(dict.fromkeys([*own, *paths.relation_names(model), *fields]))


def _is_attribute(model: type[models.Model], name: str) -> bool:
    """Whether it is a row's, and not its class's or of Django's making."""
    found = inspect.getattr_static(model, name)
    of_class = isinstance(found, type | models.manager.ManagerDescriptor)
    return not (of_class or name.startswith(("_", "get_next_by_", "get_previous_by_")))
