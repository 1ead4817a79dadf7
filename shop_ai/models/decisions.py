"""What a person does with a suggestion: apply, edit, dismiss, revert. Each in one transaction.

The store's row is locked first, then the suggestion; nothing that somebody changed since is overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.db.models.functions import Now

from shop_ai import signals
from shop_ai.exceptions import Conflict, Outdated, Refused
from shop_ai.models.finish import (
    as_stored,
    binding_of,
    facts_now,
    staleness,
    stored,
    together,
    written_now,
)
from shop_ai.models.history import record
from shop_ai.models.job import database
from shop_ai.models.suggestion import Decision, Suggestion
from shop_ai.roles import Binding
from shop_ai.roles.values import canonical
from shop_ai.safety.html import plain
from shop_ai.skills import skills


def seen_now(suggestion: Suggestion, row: Model | None = None) -> str:
    """Fingerprint of what the row's fields hold now: what a person compared the suggestion with."""
    binding = binding_of(suggestion.target_model)
    row = row or binding.by_pk(suggestion.target_id).get()
    return binding.target_fingerprint(row, list(suggestion.after), suggestion.language)


def facts_changed(suggestion: Suggestion, row: Model) -> bool:
    """Whether the row's facts are no longer those that stand behind the suggestion, where that counts."""
    asked = skills().get(suggestion.skill)
    if asked is not None and staleness(asked) == "ignore":
        return False
    binding, made_from = binding_of(suggestion.target_model), suggestion.provenance
    fields, extra = made_from.get("fields", ()), made_from.get("extra", ())
    return facts_now(binding, row, suggestion.job.language, fields, extra) != suggestion.facts_fp


def untouched(suggestion: Suggestion, row: Model) -> bool:
    """Whether the row still holds what it held before the suggestion, or what was applied of it."""
    applied = suggestion.state == Decision.APPLIED
    return seen_now(suggestion, row) == (suggestion.applied_fp if applied else suggestion.job.target_fp)


def apply(
    suggestion: Suggestion,
    *,
    by: Any,
    values: Mapping[str, Any] | None = None,
    seen: str | None = None,
    accept_stale: bool = False,
) -> Suggestion:
    """Put the suggestion, or a person's edit of it, into the store's row.

    `seen` is the fingerprint of the text the person compared it with (default: the text before);
    `Conflict` when the row holds something else by now, `Outdated` when the facts have changed.
    """
    binding = binding_of(suggestion.target_model)
    with together(binding):
        row = binding.lock(suggestion.target_id)
        suggestion = _locked(suggestion, Decision.WAITING)
        current = binding.target_fingerprint(row, list(suggestion.after), suggestion.language)
        if current != (seen or suggestion.job.target_fp):
            raise Conflict
        if not accept_stale and facts_changed(suggestion, row):
            raise Outdated
        texts = dict(suggestion.after) if values is None else _edited(suggestion, binding, values)
        before = {name: canonical(binding.value(row, name, suggestion.language)) for name in texts}
        binding.write(row, as_stored(binding, texts), suggestion.language)
        _decide(
            suggestion,
            Decision.APPLIED,
            by,
            before=before,
            applied=texts,
            edited=suggestion.edited or texts != suggestion.after,
            stale=False,
            **written_now(suggestion, binding),
        )
        record(suggestion, by, f"Applied AI text ({suggestion.skill}).")
    return _announced(suggestion, signals.suggestion_applied, by)


def edit(suggestion: Suggestion, *, by: Any, values: Mapping[str, Any]) -> Suggestion:
    """Change a waiting suggestion without applying it; the same wording is no edit."""
    with transaction.atomic(using=database()):
        suggestion = _locked(suggestion, Decision.WAITING)
        binding = binding_of(suggestion.target_model)
        after = _edited(suggestion, binding, values)
        if after == suggestion.after:
            return suggestion
        Suggestion.objects.filter(pk=suggestion.pk).update(after=after, edited=True)
        record(suggestion, by, f"Edited AI text ({suggestion.skill}).")
    suggestion.refresh_from_db()
    return suggestion


def dismiss(suggestion: Suggestion, *, by: Any) -> Suggestion:
    """Put it aside; the store's row is not touched."""
    with transaction.atomic(using=database()):
        suggestion = _locked(suggestion, Decision.WAITING)
        _decide(suggestion, Decision.DISMISSED, by)
        record(suggestion, by, f"Dismissed AI text ({suggestion.skill}).")
    return _announced(suggestion, signals.suggestion_dismissed, by)


def revert(suggestion: Suggestion, *, by: Any) -> Suggestion:
    """Put back what stood there before; `Conflict` when somebody has edited the text since."""
    binding = binding_of(suggestion.target_model)
    with together(binding):
        row = binding.lock(suggestion.target_id)
        suggestion = _locked(suggestion, Decision.APPLIED)
        if not all(binding.can_undo(name) for name in suggestion.before):
            raise Refused("The store has no way to undo this field (UNDO is not set).")
        if not untouched(suggestion, row):
            raise Conflict("Somebody has edited the text since it was applied; it is left as it is.")
        binding.undo(row, suggestion.before, suggestion.language)
        _decide(suggestion, Decision.REVERTED, by)
        record(suggestion, by, f"Reverted AI text ({suggestion.skill}).")
    suggestion.refresh_from_db()
    return suggestion


def _locked(suggestion: Suggestion, wanted: Decision) -> Suggestion:
    found = Suggestion.objects.select_for_update(of=("self",)).select_related("job").get(pk=suggestion.pk)
    if found.state != wanted:
        raise Refused(
            f"This suggestion is {found.get_state_display()}; that is only possible while it is "
            f"{Decision(wanted).label}."
        )
    return found


def _edited(suggestion: Suggestion, binding: Binding, values: Mapping[str, Any]) -> dict[str, Any]:
    """A person's wording: cleaned like any other, and not longer than the field."""
    unknown = set(values) - set(suggestion.after)
    if unknown:
        raise Refused(f"This suggestion has no {', '.join(sorted(unknown))}.")
    texts = {**suggestion.after, **{k: plain(v) if isinstance(v, str) else v for k, v in values.items()}}
    for name, text in texts.items():
        if isinstance(text, str):
            _refuse_unfit(binding, name, text)
    return texts


def _refuse_unfit(binding: Binding, name: str, text: str) -> None:
    if not text:
        raise Refused(f"{name} is empty. To leave the text as it is, dismiss the suggestion.")
    limit, length = binding.max_length(name), len(stored(binding, name, text))
    if limit is not None and length > limit:
        markup = ", with its markup" if length > len(text) else ""
        raise Refused(f"{name} has {length} characters{markup}; the store's field takes {limit}.")


def _decide(suggestion: Suggestion, state: Decision, by: Any, **changes: Any) -> None:
    Suggestion.objects.filter(pk=suggestion.pk).update(
        state=state, decided_at=Now(), decided_by_id=by.pk if by else None, **changes
    )


def _announced(suggestion: Suggestion, signal: Any, by: Any) -> Suggestion:
    suggestion.refresh_from_db()
    transaction.on_commit(
        lambda: signal.send_robust(sender=Suggestion, suggestion=suggestion, by=by),
        using=database(),
        robust=True,
    )
    return suggestion
