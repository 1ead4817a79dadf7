"""The roles that the settings bind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from django.core.signals import setting_changed
from django.db import models

from shop_ai.conf import config
from shop_ai.exceptions import ConfigurationError
from shop_ai.roles.binding import Binding, nearest_binding
from shop_ai.roles.paths import function
from shop_ai.roles.vocabulary import ROLES, Role


@lru_cache(maxsize=1)
def bindings() -> Mapping[str, Binding]:
    """Every bound role by name."""
    found: dict[str, Binding] = {}
    for name, settings in config().ROLES.items():
        if name in ROLES:
            found[name] = Binding(ROLES[name], settings, found)
    return found


def bound(role: Role) -> Binding:
    """The role's binding; `ConfigurationError` when the store has none."""
    found = bindings().get(role.name)
    if found is None:
        raise ConfigurationError(f'The role {role.name!r} is not bound in SHOP_AI["ROLES"].')
    return found


def binding_for(model: type[models.Model]) -> Binding | None:
    """The binding of this model, of one it inherits from, or of its proxy."""
    return nearest_binding(bindings().values(), model)


def _reset(*, setting: str, **kwargs: object) -> None:
    if setting == "SHOP_AI":
        bindings.cache_clear()
        function.cache_clear()


setting_changed.connect(_reset, dispatch_uid="shop_ai.roles")
