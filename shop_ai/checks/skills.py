"""The listed skills, what they work on, and the settings that name them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage
from django.db import router

from shop_ai.checks.context import DECLARATIONS, Context, load, near, our_database, usable_skill
from shop_ai.checks.lookups import unfit
from shop_ai.checks.messages import message
from shop_ai.checks.resolving import attributes
from shop_ai.conf import nearest
from shop_ai.roles.age import is_set_once, key_grows, made_at
from shop_ai.skills.base import Skill

STALENESS = ("requeue", "suggest", "ignore")


def check(context: Context) -> Iterator[CheckMessage]:
    """Classes, names, roles, writes, conditions; then what each skill checks by itself."""
    for path in context.config.SKILLS:
        yield from _class(path)
    for name, times in Counter(skill.name for skill in context.skills).items():
        if times > 1:
            text = f"SHOP_AI['SKILLS'] lists {times} skills with the name {name!r}."
            yield message("E022", text, "Keep one of them, or give the other another `name`.")
    for skill in context.skills:
        yield from _role(context, skill)
        yield from _database(context, skill)
        yield from skill.check()
        yield from _new_rows(context, skill)
    yield from _named(context)
    yield from _conditions(context)
    yield from _staleness(context)


def _class(path: str) -> Iterator[CheckMessage]:
    found, causes = load(path)
    if causes:
        yield message("E020", f"The skill {path!r} cannot be imported: {causes}.", near(path))
    elif not (isinstance(found, type) and issubclass(found, Skill)):
        text = f"{path!r} in SHOP_AI['SKILLS'] is not a subclass of shop_ai.skills.Skill."
        yield message("E021", text, "List the class of a skill, not an instance, a module or a function.")
    elif not usable_skill(found):
        missing = next(name for name in DECLARATIONS if not hasattr(found, name))
        text = f"The skill {path!r} does not declare {missing!r}."
        yield message("E029", text, f"Add `{missing} = …` to the class.")


def _role(context: Context, skill: type[Skill]) -> Iterator[CheckMessage]:
    role = skill.role.name
    if role not in context.config.ROLES:
        text = f"The skill {skill.name!r} works on the role {role!r}, which is not bound."
        hint = f"Add {role!r} to SHOP_AI['ROLES'], or take the skill out of SHOP_AI['SKILLS']."
        yield message("E023", text, hint)
        return
    fields = context.config.ROLES[role].FIELDS
    for name in skill.writes.values():
        if name not in fields:
            text = (
                f"The skill {skill.name!r} writes {role}.{name}, which is not bound: it stays with the job."
            )
            hint = f"Add \"{name}\": \"your_field\" to SHOP_AI['ROLES'][{role!r}]['FIELDS'] to store it."
            yield message("W024", text, hint)
    if model := context.targets.get(role):
        for name in (name for name in skill.needs if name not in fields):
            text = f"The skill {skill.name!r} declines every row while {role}.{name} is not bound."
            path = name if name in attributes(model) else f"a path on {model._meta.label}"
            hint = f"Add to SHOP_AI['ROLES'][{role!r}]['FIELDS']: \"{name}\": \"{path}\"."
            yield message("W075", text, hint)


def _database(context: Context, skill: type[Skill]) -> Iterator[CheckMessage]:
    model = context.targets.get(skill.role.name)
    if model is None or not skill.writes:
        return
    ours, theirs = our_database(), router.db_for_write(model)
    if ours != theirs:
        text = (
            f"The skill {skill.name!r} would write {model._meta.label} in the database {theirs!r}; "
            f"shop_ai's tables are in {ours!r}, and one transaction cannot span both."
        )
        line = f'if model._meta.app_label == "shop_ai": return "{theirs}"'
        hint = f"Route our tables there, in db_for_read and db_for_write of a router: {line}"
        yield message("E025", text, f"{hint} Or take the skill out of SHOP_AI['SKILLS'].")


def _new_rows(context: Context, skill: type[Skill]) -> Iterator[CheckMessage]:
    """Rows that come without a signal are told by a key that grows, or by the time they were made."""
    role, model = skill.role, context.targets.get(skill.role.name)
    if skill.name not in context.config.ON_CREATE or model is None:
        return
    settings = context.config.ROLES[role.name]
    if key_grows(model) or made_at(role, settings, model) is not None:
        return
    text = (
        f"ON_CREATE runs {skill.name} for new rows of {model._meta.label}, and no key that grows nor a time "
        "tells which are new: those of a bulk_create or an import are missed."
    )
    name = next((column.name for column in model._meta.concrete_fields if _is_birth(column)), None)
    line = f'"{role.created}": "{name or role.created}"'
    hint = f"Add to SHOP_AI['ROLES'][{role.name!r}]['FIELDS']: {line}."
    if name is None:
        column = f"{role.created} = models.DateTimeField(auto_now_add=True)"
        hint = f"Give {model._meta.label} a column such as {column}, and {hint[0].lower()}{hint[1:]}"
    elif role.created in settings.FIELDS:
        hint = f'Bind "{role.created}" to a time that is set once: {line}.'
    yield message("W070", text, hint)


def _is_birth(column: Any) -> bool:
    return is_set_once(column) and (column.auto_now_add or column.has_default())


def _named(context: Context) -> Iterator[CheckMessage]:
    """Settings that name skills; a skill that cannot be loaded has no name yet."""
    if not context.complete:
        return
    known = [skill.name for skill in context.skills]
    for key in ("ON_CREATE", "CONDITIONS", "STALENESS"):
        for name in getattr(context.config, key):
            if name not in known:
                text = f"SHOP_AI[{key!r}] names {name!r}, and no skill of that name is listed."
                yield message("E015", text, nearest(name, known, what="skills"))


def _conditions(context: Context) -> Iterator[CheckMessage]:
    for skill in context.skills:
        model = context.targets.get(skill.role.name)
        if model is None:
            continue
        asked: dict[str, Any] = {f"The condition of {skill.name}": skill.condition}
        for key in ("ON_CREATE", "CONDITIONS"):
            asked[f"SHOP_AI[{key!r}][{skill.name!r}]"] = getattr(context.config, key).get(skill.name, {})
        for where, condition in asked.items():
            yield from unfit("E014", where, model, condition)


def _staleness(context: Context) -> Iterator[CheckMessage]:
    for name, value in context.config.STALENESS.items():
        if value not in STALENESS:
            text = f"SHOP_AI['STALENESS'][{name!r}] is {value!r}."
            yield message("E016", text, nearest(value, STALENESS, what="values"))
