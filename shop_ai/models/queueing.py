"""Turning rows of the store into queued jobs, in chunks, in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import models, transaction

from shop_ai.conf import config
from shop_ai.models import moves
from shop_ai.models.batch import Batch
from shop_ai.models.clock import later, now
from shop_ai.models.job import Job, Lane, database, digest, uuid7
from shop_ai.roles import Binding
from shop_ai.skills import Skill

CHUNK = 1000
"""Rows to an INSERT."""
RESTLESS = 3
"""A row that was asked about more often within an hour is left to rest before the machine asks again."""


def targets(asked: Skill, binding: Binding) -> list[str]:
    """The bound role fields the skill writes; none where the role lives in another database."""
    if binding.using != database():
        return []
    return [name for name in asked.writes.values() if name in binding.fields]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked of each row."""

    skill: Skill
    binding: Binding
    lane: Lane = Lane.INTERACTIVE
    params: Mapping[str, Any] = field(default_factory=dict)
    owner_id: Any = None
    batch: Batch | None = None
    delay: float = 0.0
    """Seconds to wait for further changes."""
    retry_of: Job | None = None
    preview: Mapping[str, Any] | None = None
    """Guidance to try out, as JSON."""

    @property
    def targets(self) -> list[str]:
        return targets(self.skill, self.binding)


@dataclass(slots=True)
class Queued:
    """How many jobs are new, and how many waited already."""

    created: int = 0
    coalesced: int = 0


def insert(ask: Ask, rows: models.QuerySet[Any]) -> Queued:
    """Queue one job per row; a queued twin is kept instead. Memory does not grow with the rows."""
    queued = Queued()
    with transaction.atomic(using=database()):
        at = now(database())
        language = ask.params.get("language")
        found = ask.binding.target_fingerprints(_by_key(ask.binding, rows), ask.targets, language)
        for chunk in _chunks(_distinct(found), CHUNK):
            created = _insert_chunk(ask, chunk, at)
            queued.created += created
            queued.coalesced += len(chunk) - created
    return queued


def _insert_chunk(ask: Ask, chunk: list[tuple[Any, str]], at: datetime) -> int:
    """A function of its own: its jobs are let go of before those of the next chunk are made."""
    jobs = [_job(ask, key, target_fp, at) for key, target_fp in chunk]
    return moves.queue(jobs, raise_rank=ask.lane == Lane.INTERACTIVE)


def _job(ask: Ask, key: Any, target_fp: str, at: datetime) -> Job:
    settings = config()
    label = ask.binding.model._meta.label_lower
    language = ask.params.get("language") or ""
    options = json.dumps(dict(ask.params), sort_keys=True)
    tried = () if ask.preview is None else (json.dumps(ask.preview, sort_keys=True),)
    twin = digest(ask.skill.name, label, key, language, options, *tried)
    bulk = ask.lane == Lane.BULK
    deadline = None if bulk or settings.DEADLINE is None else at + timedelta(seconds=settings.DEADLINE)
    return Job(
        id=uuid7(),
        skill=ask.skill.name,
        target_model=label,
        target_id=str(key),
        language=language,
        params=dict(ask.params),
        preview=ask.preview,
        owner_id=ask.owner_id,
        batch=ask.batch,
        retry_of=ask.retry_of,
        lane=ask.lane,
        rank=at + timedelta(seconds=settings.BULK_HEAD_START if bulk else 0),
        available_at=at + timedelta(seconds=ask.delay),
        deadline_at=deadline,
        twin=twin,
        slot=digest(label, key),
        queue_key=twin,
        target_fp=target_fp,
    )


def _by_key(binding: Binding, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """One order for everybody, so that two requests for the same rows cannot lock each other out."""
    if rows.query.is_sliced:
        rows = binding.model._base_manager.using(binding.using).filter(pk__in=rows.values("pk"))
    return rows.order_by("pk")


def patience(job: Job) -> float:
    """Seconds before the machine asks again for a row whose facts do not come to rest."""
    recent = Job.objects.filter(
        target_model=job.target_model,
        target_id=job.target_id,
        skill=job.skill,
        twin=job.twin,
        available_at__gt=later(-3600),
    ).count()
    return min(600.0, config().BACKOFF * 2 ** (recent - RESTLESS)) if recent > RESTLESS else 0.0


def _distinct(pairs: Iterable[tuple[Any, str]]) -> Iterator[tuple[Any, str]]:
    """Rows come ordered by key; a join may show one twice."""
    last: Any = None
    for key, target_fp in pairs:
        if key != last:
            yield key, target_fp
        last = key


def _chunks(items: Iterator[tuple[Any, str]], size: int) -> Iterator[list[tuple[Any, str]]]:
    while chunk := list(islice(items, size)):
        yield chunk
