"""How a new row of the store is told from an old one: by a key that grows, or by the time it was made."""

from __future__ import annotations

from typing import Any

from django.db import models

from shop_ai.conf import RoleConfig
from shop_ai.roles import paths
from shop_ai.roles.vocabulary import Role


def key_grows(model: type[models.Model]) -> bool:
    """Whether the database counts the keys; of a child in multi-table inheritance its parent's counts."""
    key: Any = model._meta.pk
    while key.remote_field is not None and key.remote_field.parent_link:
        key = key.target_field
    return isinstance(key, models.AutoField)


def made_at(role: Role, settings: RoleConfig, model: type[models.Model]) -> models.Field[Any, Any] | None:
    """The column of the time a row was made, where the role binds one that is set once."""
    bound = settings.FIELDS.get(role.created)
    column = paths.concrete_field(model, bound.READ) if bound is not None else None
    return column if is_set_once(column) else None


def is_set_once(column: Any) -> bool:
    """Whether it is a time, and not that of the last change."""
    return isinstance(column, models.DateTimeField) and not column.auto_now
