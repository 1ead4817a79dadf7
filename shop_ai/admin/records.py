"""What happened: suggestions with their history, and the workers that were seen. To read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from shop_ai.admin.offers import parts
from shop_ai.admin.readonly import ReadOnlyAdmin, WithRows, as_block, as_json
from shop_ai.exceptions import ShopAIError
from shop_ai.models import Suggestion, WorkerBoot
from shop_ai.models.finish import binding_of


class SuggestionAdmin(WithRows):
    """Texts the AI offered and what became of them, the newest first."""

    list_display = [
        "created_at",
        "state",
        "what",
        "target",
        "language",
        "stale",
        "edited",
        "decided_by",
        "decided_at",
    ]
    list_filter = ["state", "stale", "edited", "skill"]
    list_select_related = ["decided_by"]
    search_fields = ["target_id"]
    ordering = ["-id"]
    fields = readonly_fields = (
        "state", "what", "target", "language", "stale", "stale_reason", "change", "edited", "created_at",
        "decided_by", "decided_at", "origin", "as_written",
    )  # fmt: skip

    @admin.display(description=_("before and after"))
    def change(self, suggestion: Suggestion) -> str:
        try:
            binding = binding_of(suggestion.target_model)
        except (ShopAIError, LookupError):
            return "–"
        shown = parts(binding, suggestion.before, suggestion.applied or suggestion.after)
        return render_to_string("shop_ai/admin/parts.html", {"parts": list(shown)})

    @admin.display(description=_("provenance"))
    def origin(self, suggestion: Suggestion) -> str:
        return as_block(as_json(suggestion.provenance))

    @admin.display(description=_("as the language model wrote it"))
    def as_written(self, suggestion: Suggestion) -> str:
        return as_block(as_json(suggestion.raw))


class WorkerBootAdmin(ReadOnlyAdmin):
    """Workers, those seen last first."""

    list_display = ["__str__", "standing", "lanes", "state", "started_at", "seen_at"]
    list_filter = ["state"]
    fields = readonly_fields = ("host", "pid", "lanes", "state", "said", "started_at", "seen_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        alive = WorkerBoot.alive().filter(pk=OuterRef("pk"))
        return super().get_queryset(request).annotate(is_alive=Exists(alive))

    @admin.display(description=_("alive"), boolean=True)
    def standing(self, boot: Any) -> bool:
        return bool(boot.is_alive)

    @admin.display(description=_("what it says of itself"))
    def said(self, boot: WorkerBoot) -> str:
        return as_block(as_json(boot.detail))


ADMINS: Mapping[Any, Any] = {Suggestion: SuggestionAdmin, WorkerBoot: WorkerBootAdmin}
