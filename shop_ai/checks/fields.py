"""Where each field of a role is read from and written to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.core.checks import CheckMessage
from django.db import models

from shop_ai.checks.columns import FUNCTIONS, Writing, check_column, is_writable
from shop_ai.checks.context import Context
from shop_ai.checks.functions import check_function
from shop_ai.checks.lookups import VALUES, corrected, orders, unfit
from shop_ai.checks.messages import message
from shop_ai.checks.resolving import Mistake, resolve
from shop_ai.conf import FieldConfig, nearest
from shop_ai.roles import paths
from shop_ai.skills.base import Skill

FORMATS = ("text", "html", "markdown", "editorjs")
NO_FACTS = tuple(VALUES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One entry of FIELDS."""

    role: str
    name: str
    settings: FieldConfig
    model: type[models.Model]

    @property
    def where(self) -> str:
        return f"SHOP_AI['ROLES'][{self.role!r}]['FIELDS'][{self.name!r}]"


def check(context: Context) -> Iterator[CheckMessage]:
    """READ, WRITE, UNDO, FILTER, ORDER, KEY, VALUE and FORMAT of every bound field."""
    for role, settings, model in context.bound():
        for name, field in settings.FIELDS.items():
            place = Place(role=role.name, name=name, settings=field, model=model)
            mistakes = list(_read(place))
            yield from mistakes
            yield from _rows(place, facts=name in role.facts)
            yield from _functions(place)
            if not mistakes:
                yield from _facts(place) if name in role.facts else ()
                writers = context.writers(role.name, name)
                unfit_target = list(_target(place, writers))
                yield from unfit_target or _circle(place, writers, settings.FIELDS)
            if field.FORMAT not in FORMATS:
                text = f"{place.where}['FORMAT'] is {field.FORMAT!r}."
                yield message("E019", text, nearest(field.FORMAT, FORMATS, what="formats"))


def _read(place: Place) -> Iterator[CheckMessage]:
    path = place.settings.READ
    if paths.is_function(path):
        yield from check_function(f"{place.where}['READ']", path, "row")
    elif mistake := resolve(place.model, path):
        yield _unresolved(f"{place.where}: {path!r}", mistake)


def _unresolved(where: str, mistake: Mistake) -> CheckMessage:
    return message("E026" if mistake.dangerous else "E008", f"{where} {mistake.text}", mistake.hint)


def _rows(place: Place, *, facts: bool) -> Iterator[CheckMessage]:
    """FILTER, ORDER, KEY and VALUE concern the rows at the end of a relation."""
    many = next((step for step in paths.relations(place.model, place.settings.READ) if step.to_many), None)
    if many is None or many.model is None:
        return
    yield from unfit("E013", f"{place.where}['FILTER']", many.model, place.settings.FILTER)
    for name in place.settings.ORDER:
        if not orders(many.model, name):
            text = f"{place.where}['ORDER']: {many.model._meta.label} cannot be ordered by {name!r}."
            yield message("E013", text, corrected(many.model, name.lstrip("-")))
    for key in ("KEY", "VALUE") if facts else ():
        path = getattr(place.settings, key)
        if mistake := resolve(many.model, path):
            yield _unresolved(f"{place.where}[{key!r}]: {path!r}", mistake)


def _functions(place: Place) -> Iterator[CheckMessage]:
    settings = place.settings
    for key, dotted in (("WRITE", settings.WRITE), ("UNDO", settings.UNDO)):
        if dotted:
            yield from check_function(f"{place.where}[{key!r}]", dotted, "row", "value", "language")
    if settings.WRITE and not settings.UNDO:
        text = f"{place.where} has a WRITE and no UNDO: revert is not offered."
        yield message(
            "W012", text, f'Add "UNDO": "{settings.WRITE}_back", a function of (row, value, language).'
        )
    if settings.UNDO and not settings.WRITE:
        text = f"{place.where} has an UNDO and no WRITE: it is never called."
        yield message(
            "W028", text, "Take it out, or add a WRITE; a column is written and restored without either."
        )


def _facts(place: Place) -> Iterator[CheckMessage]:
    """One row or one number holds no names and values."""
    path = place.settings.READ
    steps = paths.relations(place.model, path)
    if any(step.to_many for step in steps):
        return
    holder, rest = (steps[-1].model, steps[-1].rest) if steps else (place.model, path)
    column = paths.concrete_field(holder, rest) if holder is not None and rest else None
    if isinstance(column, NO_FACTS):
        what = f"a {type(column).__name__}"
    elif steps and not rest:
        what = f"one row of {holder._meta.label}" if holder is not None else "one row"
    else:
        return
    text = f"{place.where}: {path!r} is {what}, which holds no names and values."
    hint = "Name related rows, a column of text or JSON, or a function of the row that gives a dictionary."
    yield message("E072", text, hint)


def _target(place: Place, writers: list[tuple[type[Skill], str]]) -> Iterator[CheckMessage]:
    """What a skill writes to must be a column that takes it, or have a function that writes it."""
    if not writers or place.settings.WRITE:
        return
    if place.settings.FORMAT == "editorjs":
        text = f"{writers[0][0].name} writes {place.where}, which holds EditorJS JSON: that is only read."
        hint = f"Add {FUNCTIONS} that make blocks of the text, or bind a column of text or HTML."
        yield message("E049", text, hint)
        return
    path, label, first = place.settings.READ, place.model._meta.label, writers[0][0].name
    column = paths.concrete_field(place.model, path)
    if column is None or not is_writable(column):
        text = f"{first} writes {place.where}, and {path!r} is no column of {label} that can be written."
        yield message("E009", text, f"Bind it to a column of {label}, or add {FUNCTIONS}.")
    elif translator := _translator(place.model, path):
        text = f"{first} writes {place.where}, and {translator} translates {path!r}."
        hint = f'Bind the column of one language, such as "{path}_en", or add {FUNCTIONS}.'
        yield message("E027", text, hint)
    else:
        for skill, output in writers:
            writing = Writing(skill=skill, output=output, where=place.where, model=place.model)
            yield from check_column(writing, column) if output in skill.Output.model_fields else ()


def _circle(
    place: Place, writers: list[tuple[type[Skill], str]], fields: Mapping[str, FieldConfig]
) -> Iterator[CheckMessage]:
    """What a skill writes must not take the place of what it was written from."""
    same = [
        name for name, field in fields.items() if name != place.name and field.READ == place.settings.READ
    ]
    for skill, _ in writers:
        read = [name for name in same if name in skill().reads()]
        if read and not place.settings.WRITE:
            column = place.settings.READ
            text = f"{skill.name} writes {place.where}, and reads {read[0]!r} from the same {column!r}."
            yield message("E048", text, f"Bind {place.name!r} to a column of its own, or add {FUNCTIONS}.")


def _translator(model: type[models.Model], name: str) -> str | None:
    """The package whose descriptor stands in the place of the column."""
    package = type(vars(model).get(name)).__module__.partition(".")[0]
    return package if package == "modeltranslation" else None
