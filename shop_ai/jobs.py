"""The one door: admin, API, signals and commands all come through here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models, transaction
from pydantic import ValidationError

from shop_ai import tasks
from shop_ai.exceptions import ConfigurationError, Refused
from shop_ai.models import Batch, Job, Lane, Suggestion, decisions, moves
from shop_ai.models.finish import binding_of
from shop_ai.models.job import LIVE, REAL, database
from shop_ai.models.queueing import Ask, Queued, insert
from shop_ai.models.suggestion import Decision
from shop_ai.roles import bound
from shop_ai.skills import Skill, skill
from shop_ai.skills.guidance import Guidance

Rows = models.QuerySet[Any] | Iterable[models.Model] | models.Model
FEW = 50
"""More rows than this at once are bulk work, whatever the caller calls it."""


def enqueue(
    name: str,
    rows: Rows,
    *,
    by: Any = None,
    params: Mapping[str, Any] | None = None,
    lane: Lane = Lane.INTERACTIVE,
    batch: Batch | None = None,
    delay: float = 0.0,
) -> Queued:
    """Queue the skill for these rows in the caller's transaction and ring the worker on commit.

    `Refused` when the options are not the skill's or the rows are not of its role.
    """
    asked = skill(name)
    ask = Ask(
        skill=asked,
        binding=bound(asked.role),
        lane=Lane(lane),
        params=clean_params(asked, params or {}),
        owner_id=getattr(by, "pk", None),
        batch=batch,
        delay=delay,
    )
    queued = insert(ask, _queryset(ask, rows))
    ring_on_commit(ask.lane)
    return queued


def preview(name: str, row: models.Model, guidance: Guidance, *, by: Any = None, language: str = "") -> Job:
    """Have the skill answer about this row under guidance that is not in force; nothing is offered."""
    asked = skill(name)
    params = clean_params(asked, {"language": language} if language else {})
    ask = Ask(
        skill=asked,
        binding=bound(asked.role),
        params=params,
        owner_id=getattr(by, "pk", None),
        preview=guidance.model_dump(mode="json", exclude_defaults=True),
    )
    with transaction.atomic(using=database()):  # no worker takes it before we have read it
        insert(ask, _queryset(ask, row))
        mine = Job.objects.filter(target_model=ask.binding.model._meta.label_lower, target_id=str(row.pk))
        job = mine.filter(~REAL, skill=name).order_by("-pk").first()
    if job is None:
        raise Refused("The entry is no longer there.")
    ring_on_commit(ask.lane)
    return job


def clean_params(asked: Skill, params: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the skill understands them; what says no more than the default is left out."""
    try:
        return asked.Params.model_validate(dict(params)).model_dump(mode="json", exclude_defaults=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "options"
        raise Refused(f"{where}: {first['msg']}.") from error


def _queryset(ask: Ask, rows: Rows) -> models.QuerySet[Any]:
    binding = ask.binding
    if isinstance(rows, models.QuerySet):
        sliced = rows.query.is_sliced  # cannot be put in order any more
        found = binding.by_pk(*rows.values_list("pk", flat=True)) if sliced else rows.using(binding.using)
        kind = rows.model
    else:
        items = [rows] if isinstance(rows, models.Model) else list(rows)
        found, kind = binding.by_pk(*(row.pk for row in items)), type(items[0]) if items else binding.model
    if (
        not issubclass(kind, binding.model)
        and kind._meta.concrete_model is not binding.model._meta.concrete_model
    ):
        raise Refused(f"{ask.skill.name} works on {binding.model._meta.label}, not on {kind._meta.label}.")
    return found


def ring_on_commit(lane: str) -> None:
    """Wake a worker once the rows are there for it to see; never disturbs the caller."""
    transaction.on_commit(lambda: tasks.ring(lane), using=database(), robust=True)


def cancel(jobs: models.QuerySet[Job]) -> tuple[int, int]:
    """Cancel live jobs: (ended at once, running ones that stop within seconds)."""
    return moves.cancel(jobs)


def retry(job: Job, *, by: Any = None, lane: Lane | None = None) -> Job:
    """A new job for what an ended one was about, in the same lane unless told; the old row stays as it is."""
    if job.state in LIVE:
        raise Refused("This job is not finished yet.")
    asked = skill(job.skill)
    binding = binding_of(job.target_model)
    ask = Ask(
        skill=asked,
        binding=binding,
        lane=lane or Lane(job.lane),
        params=job.params,
        owner_id=getattr(by, "pk", job.owner_id),
        batch=job.batch,
        retry_of=job,
        preview=job.preview,
    )
    with transaction.atomic(using=database()):  # no worker takes the new job before we have read it
        insert(ask, binding.by_pk(job.target_id))
        mine = Job.objects.filter(skill=job.skill, target_model=job.target_model, target_id=job.target_id)
        new = mine.filter(twin=job.twin, state__in=LIVE).order_by("state", "-pk").first()  # queued, running
    if new is None:
        raise Refused("The entry is no longer there.")
    ring_on_commit(new.lane)
    return new


def regenerate(suggestion: Suggestion, *, by: Any = None) -> Job:
    """Put this text aside and have another written, for the person who waits."""
    with transaction.atomic(using=database()):
        if suggestion.state == Decision.WAITING:
            decisions.dismiss(suggestion, by=by)
        return retry(suggestion.job, by=by, lane=Lane.INTERACTIVE)


apply = decisions.apply
edit = decisions.edit
dismiss = decisions.dismiss
revert = decisions.revert

__all__ = (
    "ConfigurationError",
    "Queued",
    "apply",
    "cancel",
    "dismiss",
    "edit",
    "enqueue",
    "preview",
    "regenerate",
    "retry",
    "revert",
)
