"""A suggestion as a person compares and edits it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from pydantic import ValidationError

from shop_ai.admin.diff import Piece, words
from shop_ai.admin.words import language_label, name_of, say
from shop_ai.models import Suggestion
from shop_ai.models.decisions import facts_changed, seen_now, untouched
from shop_ai.models.guidance import InForce
from shop_ai.roles import Binding
from shop_ai.safety.html import plain
from shop_ai.skills import Subject, skills


@dataclass(slots=True, kw_only=True)
class Part:
    """One field of one version."""

    name: str
    label: str
    text: str
    pieces: list[Piece]
    limit: int | None
    editable: bool
    """Whether it is text that a person may reword."""
    one_line: bool = False
    """Whether the store's own form would ask for it in one line."""


@dataclass(slots=True, kw_only=True)
class Version:
    number: int
    by: str
    """Who wrote it."""
    parts: list[Part]
    left_out: str
    """The facts it does not state."""
    lacking: str
    """The keywords of the guidance that it does not hold."""


@dataclass(slots=True, kw_only=True)
class Offer:
    """A suggestion that waits: its versions against what the row holds now."""

    suggestion: Suggestion
    versions: list[Version]
    seen: str
    """Fingerprint of what the person compares with."""
    stale: list[str] = field(default_factory=list)
    """What changed since it was asked for."""

    @property
    def language(self) -> str:
        return language_label(self.suggestion.language)


@dataclass(slots=True, kw_only=True)
class Applied:
    """The text applied last."""

    suggestion: Suggestion
    parts: list[Part]
    """Before → applied."""
    obstacle: str
    """Why it cannot be reverted; empty when it can."""


def offer(binding: Binding, suggestion: Suggestion, row: Any) -> Offer:
    language = suggestion.language
    now = {name: binding.value(row, name, language) for name in suggestion.after}
    seen = seen_now(suggestion, row)
    stale = _changes(suggestion, row, seen)
    subject = None if stale else _subject(binding, suggestion, row)
    versions = [
        Version(
            number=number,
            by=_author(suggestion, number),
            parts=list(parts(binding, now, after)),
            left_out=_left_out(suggestion, number, after, subject),
            lacking=", ".join(subject.guidance.lacking(map(str, after.values()))) if subject else "",
        )
        for number, after in enumerate(wordings(suggestion))
    ]
    return Offer(suggestion=suggestion, versions=versions, seen=seen, stale=stale)


def applied(binding: Binding, suggestion: Suggestion, row: Any) -> Applied:
    return Applied(
        suggestion=suggestion,
        parts=list(parts(binding, suggestion.before, suggestion.applied)),
        obstacle=_obstacle(binding, suggestion, row),
    )


def _author(suggestion: Suggestion, number: int) -> str:
    if suggestion.edited and number == 0:
        return _("edited by a person")
    asked = skills().get(suggestion.skill)
    if asked is not None and asked.by_code:
        return _("put together from the facts")
    return _("written by the language model")


def _subject(binding: Binding, suggestion: Suggestion, row: Any) -> Subject | None:
    """What the text was written from; None where that is not known any more."""
    asked, language = skills().get(suggestion.skill), suggestion.language
    try:
        params = asked.Params.model_validate(suggestion.job.params) if asked else None
    except ValidationError:
        return None
    if params is None:
        return None
    values = binding.values(row, language)
    guidance, _versions = InForce.read().of(values, language)
    return Subject(values=values, params=params, language=language, guidance=guidance)


def _left_out(suggestion: Suggestion, number: int, after: Mapping[str, Any], subject: Subject | None) -> str:
    """Of a person's wording code cannot tell it."""
    if subject is None or (suggestion.edited and number == 0):
        return ""
    return ", ".join(skills()[suggestion.skill].left_out(after, subject))


def wordings(suggestion: Suggestion) -> list[dict[str, Any]]:
    """The present wording first, then the other candidates."""
    found: list[dict[str, Any]] = [suggestion.after]
    for candidate in suggestion.candidates:
        wording = {name: candidate[name] for name in suggestion.after if name in candidate}
        if len(wording) == len(suggestion.after) and wording not in found:
            found.append(wording)
    return found


def parts(binding: Binding, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Part]:
    for name, value in after.items():
        yield Part(
            name=name,
            label=name_of(name).capitalize(),
            text=readable(binding, name, value, ours=True),
            pieces=words(
                readable(binding, name, before.get(name)), readable(binding, name, value, ours=True)
            ),
            limit=binding.max_length(name) if name in binding.fields else None,
            editable=isinstance(value, str),
            one_line=name in binding.fields and isinstance(binding.column(name), models.CharField),
        )


def readable(binding: Binding, name: str, value: Any, *, ours: bool = False) -> str:
    """A value as text. What the store keeps as HTML is compared without its tags."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    spec = binding.fields.get(name)
    return plain(value) if spec is not None and spec.FORMAT == "html" and not ours else value


def _changes(suggestion: Suggestion, row: Any, seen: str) -> list[str]:
    """What is no longer as it was, in sentences."""
    found = []
    if suggestion.skill in skills() and facts_changed(suggestion, row):
        found.append(_("The facts have changed since this was written."))
    if seen != suggestion.job.target_fp:
        found.append(_("The text was changed by somebody after this was asked for."))
    if suggestion.stale and not found:
        found.append(say(suggestion.stale_reason))
    return found


def _obstacle(binding: Binding, suggestion: Suggestion, row: Any) -> str:
    if not all(name in binding.fields and binding.can_undo(name) for name in suggestion.before):
        return _("The store has no way to undo this field.")
    if not untouched(suggestion, row):
        return _("Somebody has edited the text since it was applied; it is left as it is.")
    return ""
