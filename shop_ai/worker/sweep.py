"""Finds what changed without a signal: new rows, and facts that moved under a text of ours."""

from __future__ import annotations

import logging
from typing import Any

from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Cast, Now

from shop_ai import streams
from shop_ai.conf import config
from shop_ai.models import Job, Lane, Suggestion, SweepMark
from shop_ai.models.decisions import facts_changed, untouched
from shop_ai.models.finish import binding_of, staleness, together
from shop_ai.models.job import database
from shop_ai.models.queueing import Ask, insert, patience
from shop_ai.models.suggestion import Decision
from shop_ai.roles import Binding, bindings
from shop_ai.skills import Skill, skill, skills

log = logging.getLogger("shop_ai.worker")

LOOK_BACK = 1000
"""Keys before the newest that are looked at again: a row may be committed after one with a larger key."""


def sweep() -> dict[str, int]:
    """One sweep: skill → how many jobs it queued, and `outdated` → how many texts it found so.

    What goes wrong with one skill or one row is logged and holds up no other.
    """
    found = {name: _new_rows_of(name) for name in config().ON_CREATE}
    _prune_streams()
    return {**found, "outdated": changed_facts(config().SWEEP_ROWS)}


def _new_rows_of(name: str) -> int:
    try:
        with transaction.atomic(using=database()):
            return new_rows(skill(name))
    except Exception:
        log.exception("The sweep could not look for new rows for %s.", name)
        return 0


def _prune_streams() -> None:
    try:
        with transaction.atomic(using=database()):
            streams.prune()
    except Exception:
        log.exception("The sweep could not delete what readers were told long ago.")


def new_rows(asked: Skill) -> int:
    """Queue a job for each row that came without a signal since the last sweep.

    Needs keys that grow; rows with other keys are found by signals only, as a check says.
    """
    binding = bindings().get(asked.role.name)
    if binding is None or not grows(binding):
        return 0
    newest = binding.all().aggregate(top=models.Max("pk"))["top"] or 0
    mark, fresh = SweepMark.objects.get_or_create(
        skill=asked.name, defaults={"floor": str(newest), "top": str(newest)}
    )
    if fresh:
        return 0
    since = max(int(mark.floor), int(mark.top) - LOOK_BACK)
    known = Job.objects.filter(
        skill=asked.name, target_model=binding.model._meta.label_lower, target_id=OuterRef("key")
    )
    rows = binding.rows().filter(pk__gt=since, **condition(asked))
    rows = rows.annotate(key=Cast("pk", models.CharField())).filter(~Exists(known))
    queued = insert(Ask(skill=asked, binding=binding, lane=Lane.BULK), rows)
    SweepMark.objects.filter(pk=mark.pk).update(top=str(newest))
    return queued.created


def grows(binding: Binding) -> bool:
    """Whether a newer row has a larger key; of a child in multi-table inheritance its parent's counts."""
    key: Any = binding.model._meta.pk
    while key.remote_field is not None:
        key = key.target_field
    return isinstance(key, models.AutoField | models.IntegerField)


def condition(asked: Skill) -> dict[str, Any]:
    """The filter a row must meet for the skill to run by itself."""
    return {**asked.condition, **config().ON_CREATE.get(asked.name, {})}


def changed_facts(limit: int) -> int:
    """Read the facts again of the texts that were checked longest ago; mark and queue the outdated."""
    live = Suggestion.objects.filter(
        Q(state=Decision.WAITING) | Q(state=Decision.APPLIED, pk__in=_last_applied()),
        stale=False,
        skill__in=list(skills()),
        target_model__in=[binding.model._meta.label_lower for binding in bindings().values()],
    )
    due = list(live.select_related("job").order_by(F("checked_at").asc(nulls_first=True), "pk")[:limit])
    outdated = 0
    for model in {suggestion.target_model for suggestion in due}:
        mine = [suggestion for suggestion in due if suggestion.target_model == model]
        outdated += sum(_checked(suggestion, row) for suggestion, row in _with_rows(model, mine))
    Suggestion.objects.filter(pk__in=[s.pk for s in due]).update(checked_at=Now())
    return outdated


def _last_applied() -> models.QuerySet[Any]:
    """Of each row and skill, the text applied last: earlier ones were replaced by it."""
    newer = Suggestion.objects.filter(
        state=Decision.APPLIED,
        skill=OuterRef("skill"),
        target_model=OuterRef("target_model"),
        target_id=OuterRef("target_id"),
        language=OuterRef("language"),
        decided_at__gt=OuterRef("decided_at"),
    )
    return Suggestion.objects.filter(~Exists(newer), state=Decision.APPLIED).values("pk")


def _with_rows(model: str, suggestions: list[Suggestion]) -> list[tuple[Suggestion, Any]]:
    binding = binding_of(model)
    keys = [s.target_id for s in suggestions]
    rows = {str(row.pk): row for row in binding.with_relations(binding.by_pk(*keys))}
    return [(s, rows[s.target_id]) for s in suggestions if s.target_id in rows]


def _checked(suggestion: Suggestion, row: Any) -> bool:
    try:
        return facts_changed(suggestion, row) and _outdated(suggestion)
    except Exception:
        log.exception("The sweep could not check the facts of suggestion %s.", suggestion.pk)
        return False


def _outdated(suggestion: Suggestion) -> bool:
    """Mark it and queue a new one, the row locked: an edit of this moment is not the text before."""
    asked, binding = skill(suggestion.skill), binding_of(suggestion.target_model)
    with together(binding):
        row = binding.lock(suggestion.target_id)
        current = Suggestion.objects.filter(pk=suggestion.pk, state=suggestion.state, stale=False)
        if not facts_changed(suggestion, row) or not current.update(
            stale=True, stale_reason="The facts have changed since this was written."
        ):
            return False
        if staleness(asked) == "requeue" and untouched(suggestion, row):
            job = suggestion.job
            ask = Ask(skill=asked, binding=binding, lane=Lane.BULK, params=job.params, delay=patience(job))
            insert(ask, binding.rows(ask.targets).filter(pk=row.pk))
    return True
