"""What the page of a batch shows: how far it is, and each job with its row and text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest
from django.urls import reverse

from shop_ai.admin import pace, rows
from shop_ai.admin.offers import Part, parts
from shop_ai.admin.panel import SYMBOLS
from shop_ai.admin.permits import admin_of, permits
from shop_ai.admin.readonly import target_url
from shop_ai.admin.words import names, reason
from shop_ai.models import Batch, Job, State, Suggestion
from shop_ai.models.decisions import seen_now
from shop_ai.models.finish import binding_of
from shop_ai.models.job import LIVE
from shop_ai.models.suggestion import Decision


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a batch is."""

    batch: Batch
    url: str
    """Where it can be asked for."""
    counts: list[tuple[str, Any, int]]
    """Symbol, state in words, how many; only states somebody is in."""
    total: int
    done: int
    rate: float | None
    minutes: int | None

    @property
    def busy(self) -> bool:
        return self.done < self.total

    @property
    def version(self) -> str:
        return "-".join(f"{label}{number}" for _symbol, label, number in self.counts)


def progress(site: Any, batch: Batch) -> Progress:
    found = batch.counts()
    total = sum(found.values())
    left = sum(found[state.value] for state in LIVE)
    per_minute = pace.rate(batch.skill, batch)
    return Progress(
        batch=batch,
        url=reverse(f"{site.name}:shop_ai_batch_progress", args=[batch.pk]),
        counts=[(SYMBOLS[state], state.label, found[state.value]) for state in State if found[state.value]],
        total=total,
        done=total - left,
        rate=per_minute,
        minutes=pace.minutes_left(left, per_minute),
    )


@dataclass(slots=True, kw_only=True)
class Result:
    """One job of the batch as the page shows it."""

    job: Job
    symbol: str
    name: str
    url: str
    suggestion: Suggestion | None
    parts: list[Part]
    reason: str
    missing: str
    seen: str
    tickable: bool


def results(request: HttpRequest, site: Any, found: Page[Job]) -> list[Result]:
    """The jobs of one page with their rows and texts; rows that are gone keep their line."""
    items = list(found.object_list)
    rows.attach_rows(items)
    return [_result(request, site, job) for job in items]


def _result(request: HttpRequest, site: Any, job: Any) -> Result:
    suggestion, row = getattr(job, "suggestion", None), job.row
    model_admin = admin_of(site, type(row)) if row is not None else None
    may_see = model_admin is not None and model_admin.has_view_or_change_permission(request, row)
    shown = suggestion if may_see else None
    waiting = shown is not None and shown.state == Decision.WAITING
    return Result(
        job=job,
        symbol=SYMBOLS[State(job.state)],
        name=str(row) if may_see else job.target_id,
        url=target_url(site, job) if may_see else "",
        suggestion=shown,
        parts=_parts(shown, row) if shown is not None else [],
        reason=reason(job),
        missing=names(job.missing),
        seen=seen_now(shown, row) if shown is not None and waiting else "",
        tickable=waiting and permits(request, model_admin, row).apply,
    )


def _parts(suggestion: Suggestion, row: Any) -> list[Part]:
    binding = binding_of(suggestion.target_model)
    before, after = suggestion.before, suggestion.applied or suggestion.after
    if suggestion.state == Decision.WAITING:
        before = {name: binding.value(row, name, suggestion.language) for name in after}
    return list(parts(binding, before, after))
