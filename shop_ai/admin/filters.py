"""The list filter: where a row's text stands. Subqueries only, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from shop_ai.admin import rows
from shop_ai.admin.words import say
from shop_ai.models import State
from shop_ai.roles import Binding, binding_for
from shop_ai.skills import Skill

Condition = Callable[[Binding, Skill], Any]
CONDITIONS: dict[str, Condition] = {
    "none": lambda binding, asked: ~(rows.has_text(binding, asked) or Q()),
    "live": rows.live,
    "ready": lambda binding, asked: rows.draft(binding, asked, stale=False),
    "stale": rows.outdated,
    "applied": rows.applied,
    "failed": lambda binding, asked: rows.last_job_in(binding, asked, (State.DECLINED, State.DEAD)),
}


class TextFilter(admin.SimpleListFilter):
    """One for each skill; see `text_filter`."""

    asked: Skill

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        labels = [
            ("none", _("No text")),
            ("live", _("Being written")),
            ("ready", _("Draft ready")),
            ("stale", _("Outdated")),
            ("applied", _("AI text applied")),
            ("failed", _("Declined or failed")),
        ]
        binding = binding_for(model_admin.model)
        countable = binding is not None and rows.has_text(binding, self.asked) is not None
        return labels if countable else labels[1:]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        binding = binding_for(queryset.model)
        condition = CONDITIONS.get(self.value() or "")
        if binding is None or condition is None:
            return queryset
        return queryset.filter(condition(binding, self.asked))


def can_filter(asked: Skill) -> bool:
    return bool(asked.writes) and asked.approval


def text_filter(asked: Skill) -> type[TextFilter]:
    """A filter class for this skill."""
    declared = {
        "asked": asked,
        "title": _("AI: %s") % say(asked.label),
        "parameter_name": f"shop_ai_{asked.name}",
    }
    return type(f"TextFilter_{asked.name}", (TextFilter,), declared)
