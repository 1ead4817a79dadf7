"""Which of the store's models are bound, and how their rows are found."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.core.checks import CheckMessage
from django.db import models

from shop_ai.checks.context import Context
from shop_ai.checks.lookups import unfit
from shop_ai.checks.messages import message
from shop_ai.conf import RoleConfig, nearest
from shop_ai.roles import ROLES, Role, paths
from shop_ai.roles.registry import model_of


def check(context: Context) -> Iterator[CheckMessage]:
    """Roles, models, required and unknown fields, FILTER, MANAGER, PREFETCH."""
    for name, settings in context.config.ROLES.items():
        if name not in ROLES:
            text = f"SHOP_AI['ROLES'] has {name!r}, which is no role."
            yield message("E004", text, nearest(name, ROLES, what="roles"))
        elif model_of(settings) is None:
            text = f"The role {name!r} is bound to {settings.MODEL!r}, which is no model of this store."
            yield message("E005", text, _nearest_model(settings.MODEL))
    yield from _twice(context)
    for role, settings, model in context.bound():
        yield from _required(role, settings)
        yield from _unknown(context, role, settings)
        yield from unfit("E013", f"SHOP_AI['ROLES'][{role.name!r}]['FILTER']", model, settings.FILTER)
        yield from _manager(role, settings, model)
        yield from _prefetch(role, settings, model)


def _nearest_model(label: str) -> str:
    return nearest(label, [model._meta.label for model in apps.get_models()], what="models")


def _twice(context: Context) -> Iterator[CheckMessage]:
    """A row is read as the role of its model, and a model can have one."""
    first: dict[type[models.Model], str] = {}
    for name, model in context.targets.items():
        other = first.setdefault(model, name)
        if other != name:
            label, short = model._meta.label, model.__name__
            text = f"The roles {other!r} and {name!r} are both bound to {label}"
            proxy = f"class {name.capitalize()}{short}({short}), with proxy = True in its Meta"
            hint = f"Take one out, or bind {name!r} to a proxy: {proxy}."
            yield message("E071", f"{text}: its rows would be read as one of them.", hint)


def _required(role: Role, settings: RoleConfig) -> Iterator[CheckMessage]:
    for name in role.required:
        if name not in settings.FIELDS:
            text = f"The role {role.name!r} needs the field {name!r} ({role.fields[name]})."
            where = f"SHOP_AI['ROLES'][{role.name!r}]['FIELDS']"
            hint = f'Add it to {where}: "{name}": "a path on {settings.MODEL}".'
            yield message("E006", text, hint)


def _unknown(context: Context, role: Role, settings: RoleConfig) -> Iterator[CheckMessage]:
    prompts = " ".join(skill.prompt for skill in context.skills if skill.role.name == role.name)
    for name in settings.FIELDS:
        used = context.writers(role.name, name) or f"{role.name}.{name}" in prompts
        if context.complete and name not in role.fields and not used:
            text = f"The role {role.name!r} has no field {name!r}, and no listed skill uses it."
            yield message("W007", text, nearest(name, role.fields, what="fields"))


def _manager(role: Role, settings: RoleConfig, model: type[models.Model]) -> Iterator[CheckMessage]:
    name = settings.MANAGER
    if name and not paths.is_manager(getattr(model, name, None)):
        text = f"{settings.MODEL} has no manager {name!r}, which the role {role.name!r} names."
        yield message("E017", text, nearest(name, model._meta.managers_map, what="managers"))


def _prefetch(role: Role, settings: RoleConfig, model: type[models.Model]) -> Iterator[CheckMessage]:
    for lookup in settings.PREFETCH:
        steps, names = paths.relations(model, lookup), lookup.split("__")
        if len(steps) == len(names):
            continue
        holder = steps[-1].model if steps else model
        if holder is None:
            continue  # beyond a generic foreign key anything may be
        wrong = names[len(steps)]
        text = f"PREFETCH of the role {role.name!r}: {wrong!r} is no relation of {holder._meta.label}."
        yield message("E018", text, nearest(wrong, paths.relation_names(holder), what="relations"))
