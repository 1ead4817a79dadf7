"""Pausing a skill or a lane, and resuming: a row is a stop sign, deleting it lets the work go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from shop_ai import jobs
from shop_ai.admin.readonly import ReadOnlyAdmin
from shop_ai.admin.words import skill_label
from shop_ai.models import Lane, Pause
from shop_ai.skills import skills

if TYPE_CHECKING:
    Form = forms.ModelForm[Any]
else:
    Form = forms.ModelForm


class PauseForm(Form):
    """A pause names a listed skill, so that no spelling mistake pauses nothing."""

    class Meta:
        model = Pause
        fields = ["skill", "lane", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Every skill")), *((name, skill_label(name)) for name in skills())]
        if "skill" in self.fields:
            self.fields["skill"] = forms.ChoiceField(label=_("Skill"), choices=choices, required=False)


class PauseAdmin(ReadOnlyAdmin):
    """Add one to pause, delete it to resume."""

    form = PauseForm
    list_display = ["__str__", "what", "lane", "reason", "by", "created_at"]
    list_select_related = ["by"]
    fields = ["skill", "lane", "reason"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user: Any = request.user
        return bool(user.has_perm("shop_ai.view_pause") or user.has_perm("shop_ai.pause"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("shop_ai.pause"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)

    @admin.display(description=_("skill"))
    def what(self, pause: Pause) -> str:
        return skill_label(pause.skill) if pause.skill else str(_("Every skill"))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.by = request.user
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        _ring()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        super().delete_queryset(request, queryset)
        _ring()


def _ring() -> None:
    """What was held back may begin now."""
    for lane in Lane.values:
        jobs.ring_on_commit(lane)


ADMINS: Mapping[Any, Any] = {Pause: PauseAdmin}
