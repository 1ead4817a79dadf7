"""What `manage.py demo` shows: which rows the skills run on, and what was written before → after."""

from __future__ import annotations

import shutil
import textwrap
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet

from shop_ai import jobs
from shop_ai.models import Job, Lane, State, Suggestion
from shop_ai.models.job import LIVE, database
from shop_ai.roles import bound
from shop_ai.skills import Skill

ROWS = 8


def rows(asked: Skill) -> list[Model]:
    """Some rows worth running the skill on; for descriptions also one that has too few facts."""
    binding = bound(asked.role)
    found = binding.rows().filter(**asked.condition)
    if asked.name != "describe_product":
        return list(found[:ROWS])
    empty = found.filter(long_text="", language="en")
    empty = empty if empty.exists() else found
    bare = list(empty.filter(attributes=None)[:1])
    return [*empty.filter(attributes__isnull=False).distinct()[: ROWS - len(bare)], *bare]


def enqueue(asked: Skill, chosen: list[Model]) -> QuerySet[Job]:
    """Queue the skill for these rows; the jobs that will do it, new ones and ones that waited already."""
    with transaction.atomic(using=database()):
        jobs.enqueue(asked.name, chosen, lane=Lane.BULK)
        mine = Job.objects.filter(
            skill=asked.name,
            target_model=bound(asked.role).model._meta.label_lower,
            target_id__in=[str(row.pk) for row in chosen],
            state__in=LIVE,
        )
        return Job.objects.filter(pk__in=list(mine.values_list("pk", flat=True)))


def told(mine: QuerySet[Job]) -> str:
    """Each job with what came of it."""
    return "\n".join(_told(job) for job in mine.order_by("pk"))


def went_well(mine: QuerySet[Job]) -> bool:
    """Whether each job gave a result or a reasoned no, and at least one gave a result."""
    fine = not mine.exclude(state__in=[State.SUCCEEDED, State.DECLINED]).exists()
    return fine and Suggestion.objects.filter(job__in=mine).exists()


def _told(job: Job) -> str:
    row = bound_row(job)
    lines = [f"■ {row}"]
    suggestion = Suggestion.objects.filter(job=job).first()
    if suggestion is None:
        lines.append(_wrapped(State(job.state).label, job.error_public))
        return "\n".join(lines)
    for name, after in suggestion.after.items():
        lines.append(_wrapped("before", suggestion.before.get(name)))
        lines.append(_wrapped("after", after))
    return "\n".join(lines)


def bound_row(job: Job) -> Any:
    """The store's row of a job, or its key where the row is gone."""
    from shop_ai.models.finish import binding_of

    return binding_of(job.target_model).by_pk(job.target_id).first() or job.target_id


def _wrapped(label: str, value: Any) -> str:
    width = min(shutil.get_terminal_size().columns, 100)
    text = str(value or "").strip() or "(nothing)"
    start = f"  {label + ':':<8} "
    return textwrap.fill(" ".join(text.split()), width, initial_indent=start, subsequent_indent=" " * 11)
