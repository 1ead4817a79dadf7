"""Whether a column of the store takes what a skill writes to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage
from django.core.exceptions import ValidationError
from django.db import models

from shop_ai.checks.messages import message
from shop_ai.lm.minimal import smallest
from shop_ai.skills.base import Skill

FUNCTIONS = '"WRITE": "yourshop.ai.write" and "UNDO": "yourshop.ai.undo", functions of (row, value, language)'
KINDS: Mapping[type, str] = {str: "text", bool: "True or False", list: "a list", dict: "a dictionary"}
PLAIN = (models.CharField, models.TextField)
"""Columns that would make a text of anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """One output of a skill on its way to a column."""

    skill: type[Skill]
    output: str
    where: str
    model: type[models.Model]

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the output, with the definitions it may refer to."""
        whole = self.skill.Output.model_json_schema()
        return {**whole["properties"].get(self.output, {}), "$defs": whole.get("$defs", {})}

    @property
    def sample(self) -> Any:
        """A value that the skill may write."""
        return smallest(self.schema, lambda maximum: "Some words."[:maximum])


def is_writable(column: models.Field[Any, Any] | None) -> bool:
    """Whether it is a column of its own that a value can be put into."""
    if column is None or column.primary_key or column.is_relation:
        return False
    return not getattr(column, "generated", False)


def check_column(writing: Writing, column: models.Field[Any, Any]) -> Iterator[CheckMessage]:
    """Its kind, its choices, and whether two rows may hold the same."""
    label, place = writing.model._meta.label, f"{writing.skill.name} writes {writing.where}"
    try:
        sample = writing.sample
    except (ValueError, KeyError):  # a schema that nothing can be made from
        return
    if not takes(column, sample):
        kind = KINDS.get(type(sample), "a number")
        place = f"{writing.skill.name} writes {kind} to {writing.where}"
        others = _others(writing)
        hint = f"Bind it to a column that does: {others}." if others else _add(label)
        yield message("E073", f"{place}, and the column {column.name!r} of {label} does not take it.", hint)
    elif outside := _choices_apart(writing, column):
        text = f"{place}, and {column.name!r} of {label} takes only: {outside}."
        hint = f"Bind it to a column without choices: {_others(writing)}"
        yield message("W076", text, f"{hint}; or let the skill's Output name just these.")
    elif _is_unique(writing.model, column):
        text = f"{place}, and {column.name!r} of {label} is unique"
        hint = f"Bind it to a column that need not be unique: {_others(writing)}."
        yield message("W074", f"{text}: a text that another row has already cannot be applied.", hint)


def takes(column: models.Field[Any, Any], value: Any) -> bool:
    """Whether the column keeps such a value as it is."""
    unlike = isinstance(column, models.BooleanField) and not isinstance(value, bool)  # it would take 0 and 1
    text_of = isinstance(column, PLAIN) and isinstance(value, list | dict)
    if unlike or text_of or isinstance(column, models.FileField):
        return False
    try:
        column.to_python(value)
    except (ValidationError, TypeError, ValueError):
        return False
    return True


def _others(writing: Writing) -> str:
    fitting = (
        column.name
        for column in writing.model._meta.concrete_fields
        if is_writable(column)
        and takes(column, writing.sample)
        and not (column.choices or _is_unique(writing.model, column))
    )
    return ", ".join(fitting)


def _add(label: str) -> str:
    return f"Give {label} a column that does, or add {FUNCTIONS}."


def _choices_apart(writing: Writing, column: models.Field[Any, Any]) -> str:
    """The column's choices, where the skill may write something else."""
    allowed = [value for value, _ in column.flatchoices]
    named = set(writing.schema.get("enum", ()))
    return "" if not allowed or (named and named <= set(allowed)) else ", ".join(map(str, allowed))


def _is_unique(model: type[models.Model], column: models.Field[Any, Any]) -> bool:
    once = (found.fields for found in model._meta.constraints if isinstance(found, models.UniqueConstraint))
    return column.unique or (column.name,) in (*once, *model._meta.unique_together)
