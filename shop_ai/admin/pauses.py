"""Pausing a skill or a lane, and resuming: a row is a stop sign, and goes when the work goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
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
    """Add one to pause."""

    form = PauseForm
    list_select_related = ["by"]
    actions = ["resume_pauses"]

    def get_list_display(self, request: HttpRequest) -> Any:
        button = ["button"] if self.has_resume_permission(request) else []
        return ["paused", "reason", "by", "created_at", *button]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["skill", "lane", "reason"] if obj is None else self.get_list_display(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [] if obj is None else self.get_fields(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user: Any = request.user
        return bool(user.has_perm("shop_ai.view_pause") or user.has_perm("shop_ai.pause"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("shop_ai.pause"))

    has_resume_permission = has_add_permission

    @admin.display(description=_("paused"))
    def paused(self, pause: Pause) -> str:
        return capfirst(str(pause))

    @admin.display(description="")
    def button(self, pause: Pause) -> str:
        """Inside the admin's own form, which stands on the list as well."""
        url = reverse(f"{self.admin_site.name}:shop_ai_pause_resume", args=[pause.pk])
        return render_to_string("shop_ai/admin/resume.html", {"url": url})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.by = request.user
        super().save_model(request, obj, form, change)

    # -- resuming ------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.resume_view)
        return [path("<int:pk>/resume/", view, name="shop_ai_pause_resume"), *super().get_urls()]

    def resume_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_resume_permission(request):
            raise PermissionDenied
        self.resume_pauses(request, Pause.objects.filter(pk=pk))
        return redirect(f"{self.admin_site.name}:shop_ai_pause_changelist")

    @admin.action(description=_("Resume"), permissions=["resume"])
    def resume_pauses(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """What was held back may begin now."""
        named = [str(pause) for pause in queryset]
        self.log_deletions(request, queryset)
        queryset.delete()
        for lane in Lane.values:
            jobs.ring_on_commit(lane)
        if named:
            messages.success(request, _("Resumed: %s.") % ", ".join(named))


ADMINS: Mapping[Any, Any] = {Pause: PauseAdmin}
