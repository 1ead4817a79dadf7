"""Guidance in the admin: edit, see what the model would see, compare versions, go back to the default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shop_ai import jobs
from shop_ai.admin.guidance_form import GuidanceForm, ScopeForm, TryForm, summary
from shop_ai.admin.notices import notices
from shop_ai.admin.panel import SYMBOLS
from shop_ai.admin.permits import admin_of
from shop_ai.admin.prompts import messages_of
from shop_ai.admin.readonly import ReadOnlyAdmin
from shop_ai.admin.words import language_label, reason
from shop_ai.exceptions import Conflict, ShopAIError
from shop_ai.models import Guidance, Job, State
from shop_ai.models.guidance import Scope, keep
from shop_ai.models.job import REAL
from shop_ai.roles import PRODUCT, bindings
from shop_ai.skills import Skill, skills
from shop_ai.skills.guidance import Guidance as Content

RECENT = 20
"""Versions that the page lists."""


def where(scope: Scope) -> str:
    """A scope in words."""
    category, language = scope
    spoken = language_label(language) if language else _("Every language")
    about = category or _("Every category")
    return f"{about} · {spoken}"


class GuidanceAdmin(ReadOnlyAdmin):
    """One line a scope; a save makes a new version, and none is ever lost."""

    list_display = ["where", "says", "version", "by", "created_at"]
    list_select_related = ["by"]
    ordering = ["category", "language"]

    @admin.display(description=gettext_lazy("where"), ordering="category")
    def where(self, item: Guidance) -> str:
        return where((item.category, item.language))

    @admin.display(description=gettext_lazy("says"))
    def says(self, item: Guidance) -> str:
        return summary(item.parsed)

    def has_add_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("shop_ai.manage_guidance"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_add_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return Guidance.newest()

    def get_urls(self) -> list[URLPattern]:
        answer = self.admin_site.admin_view(self.answer_view)
        return [path("answer/<uuid:pk>/", answer, name="shop_ai_guidance_answer"), *super().get_urls()]

    # -- the page ------------------------------------------------------------------------------

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        scoped = ScopeForm(request.POST or None, prefix="scope")
        scope = scoped.scope if request.method == "POST" and scoped.is_valid() else None
        return self._page(request, scope, None, scoped)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        item = Guidance.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        if item is None:
            raise Http404
        if not self.has_view_permission(request) or (
            request.method == "POST" and not self.has_add_permission(request)
        ):
            raise PermissionDenied
        return self._page(request, (item.category, item.language), item, None)

    def _page(
        self, request: HttpRequest, scope: Scope | None, item: Guidance | None, scoped: ScopeForm | None
    ) -> HttpResponse:
        newest = self._newest(scope)
        seen = newest.version if newest and item else 0
        initial = GuidanceForm.filled(item.parsed if item else Content(), seen)
        form = GuidanceForm(request.POST or None, initial=initial)
        trial = TryForm(request.POST or None, prefix="try")
        posted = request.method == "POST" and scope is not None
        outcome = self._handled(request, scope, form, trial) if posted and scope else {}
        if isinstance(outcome, HttpResponse):
            return outcome
        newest = self._newest(scope)
        request.current_app = self.admin_site.name  # as the views of the admin do
        context = {
            **self.admin_site.each_context(request),
            "title": _("Guidance: %s") % where(scope) if item and scope else _("New guidance"),
            "opts": self.opts,
            "media": self.media,
            "form": form,
            "scoped": scoped,
            "trial": trial,
            "item": item,
            "newest": newest,
            "older": item is not None and newest is not None and item.pk != newest.pk,
            "overtaken": newest if form.is_bound and newest and form.knows != newest.version else None,
            "versions": self._versions(scope) if scope else [],
            "may": self.has_add_permission(request),
            "notices": notices([one.name for one in _guided()]),
            **outcome,
        }
        return TemplateResponse(request, "shop_ai/admin/guidance.html", context)

    def _handled(
        self, request: HttpRequest, scope: Scope, form: GuidanceForm, trial: TryForm
    ) -> HttpResponse | dict[str, Any]:
        """The way to the new version, or what the page shows besides."""
        if "_reset" in request.POST:
            form.full_clean()
            form.content = Content()
            return self._saved(request, scope, form) or {}
        if not (form.is_valid() and trial.is_valid()):
            return {}
        if "_try" in request.POST:
            return self._tried(request, scope, form.content, trial)
        return self._saved(request, scope, form) or {}

    def _versions(self, scope: Scope) -> list[tuple[Guidance, str]]:
        """The newest first, each with what it says."""
        found = Guidance.objects.filter(category=scope[0], language=scope[1]).select_related("by")
        return [(one, summary(one.parsed)) for one in found.order_by("-version")[:RECENT]]

    def _newest(self, scope: Scope | None) -> Guidance | None:
        if scope is None:
            return None
        return Guidance.newest().select_related("by").filter(category=scope[0], language=scope[1]).first()

    def _saved(self, request: HttpRequest, scope: Scope, form: GuidanceForm) -> HttpResponse | None:
        """A new version, and the way to it; None where somebody else was faster."""
        try:
            new = keep(scope, form.content, by=request.user, seen=form.knows)
        except Conflict:
            return None
        told = _("Version %(version)d holds from now on: %(says)s") % {
            "version": new.version,
            "says": summary(form.content),
        }
        self.log_change(request, new, told)
        messages.success(request, told)
        return redirect(f"{self.admin_site.name}:shop_ai_guidance_change", new.pk)

    # -- trying it out -------------------------------------------------------------------------

    def _tried(self, request: HttpRequest, scope: Scope, content: Content, trial: TryForm) -> dict[str, Any]:
        """What the model sees of a product under this guidance, and a job for its answer."""
        binding, asked = bindings().get(PRODUCT.name), next(iter(_guided()), None)
        shown = admin_of(self.admin_site, binding.model) if binding else None
        row = _look_up(request, shown, trial.cleaned_data["product"].strip()) if shown else None
        if binding is None or asked is None or row is None or shown is None:
            trial.add_error("product", _("There is no such product."))
            return {}
        if not shown.has_view_or_change_permission(request, row):
            raise PermissionDenied
        language = scope[1] or binding.language(row)
        found: dict[str, Any] = {"row": row, "language": language_label(language)}
        try:
            if request.user.has_perm("shop_ai.see_prompts"):
                found["prompt"] = messages_of(asked, binding, row, language, content)
            job = jobs.preview(asked.name, row, content, by=request.user, language=language)
        except ShopAIError as error:
            trial.add_error("product", str(error))
            return found
        return {**found, "answer": self._answer(job)}

    def _answer(self, job: Job) -> dict[str, Any]:
        output = job.output or {}
        return {
            "job": job,
            "busy": job.is_live,
            "symbol": SYMBOLS[State(job.state)],
            "texts": [str(value) for value in output.values()] if isinstance(output, dict) else [],
            "reason": reason(job) if not job.is_live and not output else "",
            "url": reverse(f"{self.admin_site.name}:shop_ai_guidance_answer", args=[job.pk]),
        }

    def answer_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """How far the trial is, for the script; `?page` for a person without one."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        if not self.has_add_permission(request):
            raise PermissionDenied
        job = Job.objects.filter(~REAL, pk=pk, owner_id=request.user.pk).first()
        if job is None:
            raise Http404
        answer = self._answer(job)
        html = render_to_string("shop_ai/admin/answer.html", {"answer": answer}, request)
        if "page" in request.GET:
            return HttpResponse(html)
        news = {"busy": answer["busy"], "version": job.state, "text": job.get_state_display(), "html": html}
        return JsonResponse(news, headers={"Cache-Control": "no-store"})


def _look_up(request: HttpRequest, model_admin: Any, wanted: str) -> Any:
    """As the store's own list would find it, or by its key."""
    rows = model_admin.get_queryset(request)
    if not wanted:
        return rows.first()
    found, _twice = model_admin.get_search_results(request, rows, wanted)
    return _by_key(rows, wanted) or (found.first() if model_admin.get_search_fields(request) else None)


def _by_key(rows: QuerySet[Any], wanted: str) -> Any:
    try:
        return rows.filter(pk=wanted).first()
    except (ValidationError, ValueError, OverflowError):
        return None


def _guided() -> list[Skill]:
    """The skills that write texts of products for a person to approve."""
    return [one for one in skills().values() if one.role == PRODUCT and one.approval]


ADMINS: Mapping[Any, Any] = {Guidance: GuidanceAdmin}
