"""What happened: suggestions with their history, and the workers that were seen. To read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from shop_ai.admin.offers import parts
from shop_ai.admin.readonly import ReadOnlyAdmin, SkillFilter, WithRows, as_block, as_json
from shop_ai.admin.words import BOOTS, lane_label, say
from shop_ai.exceptions import ShopAIError
from shop_ai.models import Suggestion, WorkerBoot
from shop_ai.models.finish import binding_of


class SuggestionAdmin(WithRows):
    """Texts the AI offered and what became of them, the newest first."""

    list_display = ["created_at", "standing", "what", "target", "spoken", "decided"]
    list_filter = ["state", "stale", "edited", SkillFilter]
    list_select_related = ["decided_by"]
    search_fields = ["target_id"]
    ordering = ["-id"]
    fields = readonly_fields = (
        "standing", "what", "target", "spoken", "changed_since", "change", "created_at", "decided", "origin",
        "as_written",
    )  # fmt: skip

    @admin.display(description=_("state"), ordering="state")
    def standing(self, suggestion: Suggestion) -> str:
        """What is out of the ordinary is said only where it is so."""
        marks = ((suggestion.stale, _("outdated")), (suggestion.edited, _("edited by a person")))
        return " · ".join([suggestion.get_state_display(), *(str(said) for so, said in marks if so)])

    @admin.display(description=_("what changed"))
    def changed_since(self, suggestion: Suggestion) -> str:
        return say(suggestion.stale_reason) or "–"

    @admin.display(description=_("decided"), ordering="decided_at")
    def decided(self, suggestion: Suggestion) -> str:
        when = suggestion.decided_at and formats.date_format(
            timezone.localtime(suggestion.decided_at), "DATETIME_FORMAT"
        )
        return " · ".join(str(part) for part in (when, suggestion.decided_by) if part) or "–"

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


class BootFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(BOOTS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(state=self.value()) if self.value() else queryset


class WorkerBootAdmin(ReadOnlyAdmin):
    """Workers, those seen last first."""

    list_display = ["__str__", "standing", "works_on", "started_at", "seen_at"]
    list_filter = [BootFilter]
    fields = readonly_fields = ("host", "pid", "works_on", "standing", "said", "started_at", "seen_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        alive = WorkerBoot.alive().filter(pk=OuterRef("pk"))
        return super().get_queryset(request).annotate(is_alive=Exists(alive))

    @admin.display(description=_("state"), ordering="state")
    def standing(self, boot: Any) -> str:
        """What it said last, and whether it has fallen silent since."""
        said = str(BOOTS.get(boot.state, boot.state))
        silent = not boot.is_alive and boot.state not in ("refused", "stopped")
        gone = _("not seen any more")
        return f"{said} · {gone}" if silent else said

    @admin.display(description=_("lanes"))
    def works_on(self, boot: WorkerBoot) -> str:
        return ", ".join(map(lane_label, boot.lanes)) or "–"

    @admin.display(description=_("what it says of itself"))
    def said(self, boot: WorkerBoot) -> str:
        return as_block(as_json(boot.detail))


ADMINS: Mapping[Any, Any] = {Suggestion: SuggestionAdmin, WorkerBoot: WorkerBootAdmin}
