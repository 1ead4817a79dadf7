"""Who may do what. Deny by default; asked again at every POST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.admin.options import BaseModelAdmin
from django.http import HttpRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Permits:
    """Our permission and the store's own change permission on the row, both."""

    generate: bool = False
    apply: bool = False
    bulk: bool = False

    @property
    def rewrite(self) -> bool:
        """Putting a text aside and having another written is both."""
        return self.generate and self.apply

    @property
    def any(self) -> bool:
        return self.generate or self.apply


def permits(request: HttpRequest, model_admin: Any, row: Any = None) -> Permits:
    """What this person may do to this row, or to some row of the model."""
    user: Any = request.user
    if not model_admin.has_change_permission(request, row):
        return Permits()
    generate = user.has_perm("shop_ai.generate")
    return Permits(
        generate=generate,
        apply=user.has_perm("shop_ai.apply"),
        bulk=generate and user.has_perm("shop_ai.bulk"),
    )


def asks_each_row(model_admin: Any) -> bool:
    """Whether the store decides row by row who may change it."""
    return type(model_admin).has_change_permission is not BaseModelAdmin.has_change_permission


def admin_of(site: Any, model: Any) -> Any:
    """The store's admin of this model on this site, or None."""
    return site._registry.get(model)
