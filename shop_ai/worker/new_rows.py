"""Finds rows that came without a signal: `bulk_create`, imports, another program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Max
from django.utils import timezone

from shop_ai.conf import config
from shop_ai.models import Job, Lane, SweepMark
from shop_ai.models.job import REAL
from shop_ai.models.queueing import Ask, insert
from shop_ai.roles import Binding, bindings
from shop_ai.roles.age import key_grows, made_at
from shop_ai.skills import Skill

LATE_KEYS = 1000
LATE = timedelta(hours=1)
"""So far back a sweep looks again: a row may be committed after one with a larger key, or a later time."""
PAGE = 1000
"""Rows that are compared with the jobs at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What grows from row to row: the key, or the time it was made."""

    column: str
    now: Any
    """Where a row stands that is made next."""
    read: Callable[[str], Any]
    """A place on the scale from a mark; `ValueError` when it is of another scale."""
    late: Any


def new_rows(asked: Skill) -> int:
    """Queue a job for each row that came without a signal since the last sweep.

    Where keys do not grow, the role must bind the time a row was made; a check says so.
    """
    binding = bindings().get(asked.role.name)
    scale = _scale(binding) if binding is not None else None
    if binding is None or scale is None:
        return 0
    since = _since(asked, scale)
    if since is None:
        return 0
    rows = binding.rows().filter(**{f"{scale.column}__gt": since}).filter(**condition(asked))
    keys = rows.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=PAGE)
    ask = Ask(skill=asked, binding=binding, lane=Lane.BULK)
    found = (insert(ask, binding.rows().filter(pk__in=some)) for some in _without_a_job(ask, keys))
    return sum(queued.created for queued in found)


def condition(asked: Skill) -> dict[str, Any]:
    """The filter a row must meet for the skill to run by itself."""
    return {**asked.condition, **config().ON_CREATE.get(asked.name, {})}


def _scale(binding: Binding) -> Scale | None:
    if key_grows(binding.model):
        newest = binding.all().aggregate(top=Max("pk"))["top"] or 0
        return Scale(column="pk", now=newest, read=int, late=LATE_KEYS)
    column = made_at(binding.role, binding.settings, binding.model)
    # The store's clock counts, not the database's: it is what fills the column.
    return Scale(column=column.name, now=timezone.now(), read=_time, late=LATE) if column else None


def _time(mark: str) -> datetime:
    if mark.isdigit():  # a key, although it may look like a date
        raise ValueError(mark)
    return datetime.fromisoformat(mark)


def _since(asked: Skill, scale: Scale) -> Any:
    """Where to look from, and move the mark; None in the first sweep, which only makes the mark."""
    now = _written(scale.now)
    mark, fresh = SweepMark.objects.get_or_create(skill=asked.name, defaults={"floor": now, "top": now})
    if fresh:
        return None
    try:
        floor, top = scale.read(mark.floor), scale.read(mark.top)
    except ValueError:
        mark.delete()
        return _since(asked, scale)
    # A table that was emptied may count from the beginning again.
    lowest = min(floor, scale.now)
    SweepMark.objects.filter(pk=mark.pk).update(floor=_written(lowest), top=now)
    return max(lowest, top - scale.late)


def _written(place: Any) -> str:
    return place.isoformat() if isinstance(place, datetime) else str(place)


def _without_a_job(ask: Ask, keys: Iterator[Any]) -> Iterator[list[Any]]:
    """Page by page the keys that have no job of the skill; as text, which is how jobs keep them."""
    label = ask.binding.model._meta.label_lower
    jobs = Job.objects.filter(REAL, skill=ask.skill.name, target_model=label)
    while page := {str(key): key for key in islice(keys, PAGE)}:
        known = jobs.filter(target_id__in=page).values_list("target_id", flat=True)
        for key in known:
            del page[key]
        if page:
            yield list(page.values())
