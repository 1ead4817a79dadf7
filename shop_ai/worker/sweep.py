"""Finds what changed without a signal: new rows, and facts that moved under a text of ours."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Cast, Now

from shop_ai.conf import config
from shop_ai.models import Job, Lane, Suggestion, SweepMark
from shop_ai.models.decisions import facts_changed, untouched
from shop_ai.models.finish import binding_of
from shop_ai.models.queueing import Ask, insert
from shop_ai.models.suggestion import Decision
from shop_ai.roles import Binding, bindings
from shop_ai.skills import Skill, skill

LOOK_BACK = 1000
"""Keys before the newest that are looked at again: a row may be committed after one with a larger key."""


def sweep() -> dict[str, int]:
    """One sweep: skill → how many jobs it queued, and `outdated` → how many texts it found so."""
    found = {name: new_rows(skill(name)) for name in config().ON_CREATE}
    return {**found, "outdated": changed_facts(config().SWEEP_ROWS)}


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
    return isinstance(binding.model._meta.pk, models.AutoField | models.IntegerField | models.OneToOneField)


def condition(asked: Skill) -> dict[str, Any]:
    """The filter a row must meet for the skill to run by itself."""
    return {**asked.condition, **config().ON_CREATE.get(asked.name, {})}


def changed_facts(limit: int) -> int:
    """Read the facts again of the texts that were checked longest ago; mark and queue the outdated."""
    live = Suggestion.objects.filter(
        Q(state=Decision.WAITING) | Q(state=Decision.APPLIED, pk__in=_last_applied()), stale=False
    )
    due = list(live.select_related("job").order_by(F("checked_at").asc(nulls_first=True), "pk")[:limit])
    outdated = 0
    for model in {suggestion.target_model for suggestion in due}:
        mine = [suggestion for suggestion in due if suggestion.target_model == model]
        outdated += sum(_outdated(suggestion, row) for suggestion, row in _with_rows(model, mine))
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
        pk__gt=OuterRef("pk"),
    )
    return Suggestion.objects.filter(~Exists(newer), state=Decision.APPLIED).values("pk")


def _with_rows(model: str, suggestions: list[Suggestion]) -> list[tuple[Suggestion, Any]]:
    binding = binding_of(model)
    keys = [s.target_id for s in suggestions]
    rows = {str(row.pk): row for row in binding.with_relations(binding.by_pk(*keys))}
    return [(s, rows[s.target_id]) for s in suggestions if s.target_id in rows]


def _outdated(suggestion: Suggestion, row: Any) -> bool:
    if not facts_changed(suggestion, row):
        return False
    Suggestion.objects.filter(pk=suggestion.pk, stale=False).update(
        stale=True, stale_reason="The facts have changed since this was written."
    )
    asked = skill(suggestion.skill)
    if untouched(suggestion, row) and config().STALENESS.get(asked.name, asked.staleness) == "requeue":
        binding = binding_of(suggestion.target_model)
        ask = Ask(skill=asked, binding=binding, lane=Lane.BULK, params=suggestion.job.params)
        insert(ask, binding.by_pk(row.pk))
    return True
