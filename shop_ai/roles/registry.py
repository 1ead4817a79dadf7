"""The roles that the settings bind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from django.apps import apps
from django.core.signals import setting_changed
from django.db import models

from shop_ai.conf import RoleConfig, config
from shop_ai.exceptions import ConfigurationError
from shop_ai.roles.binding import Binding, nearest_binding
from shop_ai.roles.paths import function
from shop_ai.roles.vocabulary import ROLES, Role


def model_of(settings: RoleConfig) -> type[models.Model] | None:
    """The store's model that a role is bound to, if there is one of that name."""
    try:
        return apps.get_model(settings.MODEL)
    except (LookupError, ValueError):
        return None


@lru_cache(maxsize=1)
def bindings() -> Mapping[str, Binding]:
    """Every bound role by name; what cannot be bound is left to the checks, which tell it better."""
    found: dict[str, Binding] = {}
    for name, settings in config().ROLES.items():
        if name in ROLES and model_of(settings) is not None:
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
