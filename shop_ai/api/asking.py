"""From the body of `POST /v1/jobs/` to queued jobs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError as Unfit
from django.db.models import Model
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request

from shop_ai import jobs
from shop_ai.api import access
from shop_ai.conf import config
from shop_ai.models import Batch, Job, Lane, State
from shop_ai.models.job import REAL
from shop_ai.roles import Binding, bound
from shop_ai.skills import Skill

NAMED = 10
"""How many missing rows a message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A valid request for jobs."""

    skill: Skill
    ids: Sequence[int | str]
    params: dict[str, Any]
    lane: Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What became of it."""

    created: int
    coalesced: int
    jobs: list[Job]
    batch: Batch | None = None
    skipped: dict[str, int] = field(default_factory=dict)


def ask(request: Request, wanted: Wanted) -> Asked:
    """Queue the jobs in the caller's transaction."""
    binding = bound(wanted.skill.role)
    if wanted.lane == Lane.BULK and not request.user.has_perm(access.BULK):
        raise PermissionDenied
    found = changeable(request, binding, wanted.ids)
    batch, skipped = None, {}
    if wanted.lane == Lane.BULK:
        kept = _within(wanted.skill, binding, found)
        skipped = {"conditions not met": len(found) - len(kept)} if len(kept) < len(found) else {}
        found = kept
        batch = Batch.objects.create(
            skill=wanted.skill.name,
            params=wanted.params,
            by_id=request.user.pk,
            chosen=len(found),
            skipped=skipped,
        )
    queued = jobs.enqueue(
        wanted.skill.name, found, by=request.user, params=wanted.params, lane=wanted.lane, batch=batch
    )
    if batch is not None and queued.coalesced:
        Batch.objects.filter(pk=batch.pk).update(coalesced=queued.coalesced)
    return Asked(
        created=queued.created,
        coalesced=queued.coalesced,
        jobs=_waiting(wanted, binding, found),
        batch=batch,
        skipped=skipped,
    )


def changeable(request: Request, binding: Binding, ids: Sequence[int | str]) -> list[Model]:
    """The rows in the order asked, in a constant number of queries; what may not be seen is not there."""
    if not access.allowed(request.user, "change", binding.model):
        raise PermissionDenied
    keys = {given: key for given in ids if (key := _key(binding.model, given)) is not None}
    seen = access.rows(request, binding, keys.values())
    missing = [given for given in dict.fromkeys(ids) if str(keys.get(given)) not in seen]
    if missing:
        raise ValidationError({"ids": [_not_there(binding, missing)]})
    found = {str(key): seen[str(key)] for key in keys.values()}
    if not all(access.may(request, "change", row, binding.model) for row in found.values()):
        raise PermissionDenied
    return list(found.values())


def _key(model: type[Model], given: int | str) -> Any:
    """The id as the model's key, or None where no row can have it."""
    column: Any = model._meta.pk
    while column.remote_field:  # the key of a multi-table model is its parent's
        column = column.target_field
    try:
        key = column.to_python(given)
        column.run_validators(key)
    except (Unfit, OverflowError):
        return None
    return key


def _not_there(binding: Binding, missing: Sequence[int | str]) -> str:
    named = ", ".join(str(given)[:40] for given in missing[:NAMED])
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    return f"There is no {binding.model._meta.verbose_name} with the id {named}{more}."


def _within(asked: Skill, binding: Binding, found: Iterable[Model]) -> list[Model]:
    """Those that bulk work may touch: the role's FILTER, the skill's condition, the store's CONDITIONS."""
    rows = {row.pk: row for row in found}
    queryset = binding.by_pk(*rows).filter(**binding.settings.FILTER).filter(**asked.condition)
    queryset = queryset.filter(**config().CONDITIONS.get(asked.name, {}))
    kept = set(queryset.values_list("pk", flat=True))
    return [row for pk, row in rows.items() if pk in kept]


def _waiting(wanted: Wanted, binding: Binding, found: Sequence[Model]) -> list[Job]:
    """The queued jobs of these rows, new or there before; our transaction holds them as they are."""
    params = jobs.clean_params(wanted.skill, wanted.params)
    place = {str(row.pk): number for number, row in enumerate(found)}
    queued = Job.objects.filter(
        REAL,
        skill=wanted.skill.name,
        target_model=binding.model._meta.label_lower,
        target_id__in=place,
        language=params.get("language") or "",
        state=State.QUEUED,
    ).select_related("suggestion")
    return sorted((job for job in queued if job.params == params), key=lambda job: place[job.target_id])
