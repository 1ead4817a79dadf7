"""Of the rows chosen on a list, those to write for, and why the others are left out. Only counts and SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from shop_ai.admin import rows
from shop_ai.admin.permits import asks_each_row
from shop_ai.conf import config
from shop_ai.roles import Binding
from shop_ai.skills import Skill

CHUNK = 1000
REASONS = {
    "outside": _("outside of what the AI may work on (FILTER)"),
    "condition": _("not meeting the condition of this skill"),
    "live": _("already being written"),
    "draft": _("a draft waits for review"),
    "text": _("already have a text"),
    "forbidden": _("you may not change them"),
}


@dataclass(slots=True, kw_only=True)
class Selection:
    """The outcome. `rows` is never loaded as a whole."""

    rows: QuerySet[Any]
    chosen: int
    ready: int
    skipped: dict[str, int] = field(default_factory=dict)
    """Reason → how many."""

    @property
    def reasons(self) -> list[tuple[Any, int]]:
        return [(REASONS[name], number) for name, number in self.skipped.items() if number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """Narrows the chosen rows step by step."""

    request: HttpRequest
    model_admin: Any
    binding: Binding
    asked: Skill

    def select(self, queryset: QuerySet[Any], *, keep: bool) -> Selection:
        """Each row is left out for the first reason that holds; all are counted in one query."""
        found = self.binding.model._base_manager.using(self.binding.using)
        left = found.filter(pk__in=queryset.using(self.binding.using).order_by().values("pk"))
        steps = dict(self._steps(keep))
        wanted, counts = Q(), {"chosen": Count("pk")}
        for name, condition in steps.items():
            wanted &= Q(condition)
            counts[f"after_{name}"] = Count("pk", filter=wanted)
        found_counts = left.aggregate(**counts)
        chosen = count = found_counts["chosen"]
        skipped: dict[str, int] = {}
        for name in steps:
            now = found_counts[f"after_{name}"]
            skipped[name], count = count - now, now
        left = left.filter(wanted)
        forbidden = sum(1 for row in self._each(left) if not self._may(row)) if self._each_row() else 0
        skipped["forbidden"] = forbidden
        return Selection(rows=left, chosen=chosen, ready=count - forbidden, skipped=skipped)

    def chunks(self, selection: Selection) -> Iterator[QuerySet[Any]]:
        """The rows to queue: all at once where the database can tell, else as many as were asked about."""
        if not self._each_row():
            yield selection.rows
            return
        allowed = (row.pk for row in self._each(selection.rows) if self._may(row))
        while keys := list(islice(allowed, CHUNK)):
            yield self.binding.by_pk(*keys)

    def _steps(self, keep: bool) -> Iterator[tuple[str, Any]]:
        binding, asked = self.binding, self.asked
        within = binding.all().filter(**binding.settings.FILTER).order_by()
        yield "outside", Q(pk__in=within.values("pk"))
        condition = {**asked.condition, **config().CONDITIONS.get(asked.name, {})}
        if condition:
            yield "condition", Q(pk__in=binding.all().filter(**condition).order_by().values("pk"))
        yield "live", ~rows.live(binding, asked)
        text = rows.has_text(binding, asked)
        if keep:
            yield "draft", ~rows.draft(binding, asked)
            if text is not None:
                yield "text", ~text

    def _each_row(self) -> bool:
        return asks_each_row(self.model_admin)

    def _each(self, queryset: QuerySet[Any]) -> Iterator[Any]:
        return queryset.order_by("pk").iterator(chunk_size=CHUNK)

    def _may(self, row: Any) -> bool:
        return bool(self.model_admin.has_change_permission(self.request, row))
