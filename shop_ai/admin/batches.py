"""A batch: how far it is, what came of it, and applying or dismissing many texts after reading them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from shop_ai import jobs
from shop_ai.admin import rows
from shop_ai.admin.notices import notices
from shop_ai.admin.permits import admin_of, permits
from shop_ai.admin.readonly import ReadOnlyAdmin, SkillFilter
from shop_ai.admin.results import progress, results
from shop_ai.admin.selection import REASONS
from shop_ai.admin.words import say, skill_label, things
from shop_ai.exceptions import ShopAIError
from shop_ai.models import Batch, Job, State, Suggestion
from shop_ai.models.job import LIVE
from shop_ai.models.suggestion import Decision

PER_PAGE = 20
ENDED = (State.DECLINED, State.DEAD, State.EXPIRED, State.CANCELLED)
SHOW: Mapping[str, tuple[Any, Q]] = {
    "ready": (gettext_lazy("Ready to review"), Q(suggestion__state=Decision.WAITING)),
    "decided": (
        gettext_lazy("Decided"),
        Q(suggestion__isnull=False) & ~Q(suggestion__state=Decision.WAITING),
    ),
    "ended": (gettext_lazy("Without a text"), Q(state__in=ENDED)),
    "live": (gettext_lazy("Still to come"), Q(state__in=LIVE)),
}


class BatchAdmin(ReadOnlyAdmin):
    """Batches, the newest first; one batch has a page of its own."""

    list_display = ["created_at", "what", "chosen", "by", "how_far"]
    list_display_links = ["what"]
    list_filter = [SkillFilter]
    list_select_related = ["by"]

    @admin.display(description=gettext_lazy("skill"))
    def what(self, batch: Batch) -> str:
        return skill_label(batch.skill)

    @admin.display(description=gettext_lazy("progress"))
    def how_far(self, batch: Any) -> str:
        """Refreshed by the script while it runs, like the batch's own page."""
        url = reverse(f"{self.admin_site.name}:shop_ai_batch_progress", args=[batch.pk])
        context = {"batch": batch, "url": url, "busy": batch.ended < batch.total}
        return render_to_string("shop_ai/admin/far.html", context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
        if not request.user.has_perm("shop_ai.view_batch"):
            found = found.filter(by_id=request.user.pk)  # one's own can always be returned to
        ended = Count("jobs", filter=~Q(jobs__state__in=LIVE))
        counted: QuerySet[Any] = found.annotate(total=Count("jobs"), ended=ended)
        return counted

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user: Any = request.user
        if user.has_perm("shop_ai.view_batch"):
            return True
        return bool(user.has_perm("shop_ai.bulk")) and (obj is None or obj.by_id == user.pk)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:pk>/progress/", wrap(self.progress_view), name="shop_ai_batch_progress"),
            path("<uuid:pk>/act/", wrap(self.act_view), name="shop_ai_batch_act"),
            *super().get_urls(),
        ]

    def batch(self, request: HttpRequest, key: Any) -> Batch:
        try:
            found = self.get_queryset(request).filter(pk=key).first()
        except (ValidationError, ValueError):
            found = None
        if found is None:
            raise Http404
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        return found  # type: ignore[no-any-return]

    # -- the page ------------------------------------------------------------------------------

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of one batch; nothing is changed here."""
        batch = self.batch(request, object_id)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        tabs = [(name, label, batch.jobs.filter(where).count()) for name, (label, where) in SHOW.items()]
        show = _shown(request, tabs)
        pages = Paginator(_jobs(batch, show), PER_PAGE)
        page = pages.get_page(request.GET.get("page"))
        found = results(request, self.admin_site, page)
        request.current_app = self.admin_site.name  # as the views of the admin do
        context = {
            **self.admin_site.each_context(request),
            "title": _("Batch: %s") % skill_label(batch.skill),
            "opts": self.opts,
            "media": self.media,
            "progress": progress(self.admin_site, batch),
            "may_cancel": _may_cancel(request, batch),
            "skipped": [(REASONS.get(name, name), number) for name, number in batch.skipped.items()],
            "things": things(batch.skill, batch.chosen),
            "show": show,
            "tabs": tabs,
            "page": page,
            "results": found,
            "tickable": any(one.tickable for one in found),
            "notices": notices([batch.skill]),
        }
        return TemplateResponse(request, "shop_ai/admin/batch.html", context)

    def progress_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The progress as JSON for the script."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        batch: Any = self.batch(request, pk)
        now = progress(self.admin_site, batch)
        if "list" in request.GET:
            version, html = f"{batch.ended}-{batch.total}", self.how_far(batch)
        else:
            context = {"progress": now, "polled": True}
            version, html = now.version, render_to_string("shop_ai/admin/progress.html", context, request)
        text = _("%(done)d of %(total)d done") % {"done": now.done, "total": now.total}
        answer = {"busy": now.busy, "version": version, "text": text, "html": html}
        return JsonResponse(answer, headers={"Cache-Control": "no-store"})

    # -- the buttons ---------------------------------------------------------------------------

    def act_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        batch = self.batch(request, pk)
        verb = request.POST.get("shop_ai-act", "")
        if verb == "cancel":
            self._cancel(request, batch)
        elif verb in DECISIONS:
            self._decide(request, batch, verb)
        else:
            raise Http404
        address = reverse(f"{self.admin_site.name}:shop_ai_batch_change", args=[batch.pk])
        query = request.GET.urlencode()
        return redirect(f"{address}?{query}" if query else address)

    def _cancel(self, request: HttpRequest, batch: Batch) -> None:
        if not _may_cancel(request, batch):
            raise PermissionDenied
        ended, asked = jobs.cancel(Job.objects.filter(batch=batch, state__in=LIVE))
        told = ngettext("%d job cancelled.", "%d jobs cancelled.", ended + asked) % (ended + asked)
        messages.success(request, told)

    def _decide(self, request: HttpRequest, batch: Batch, verb: str) -> None:
        """Apply or dismiss each ticked text by itself: one that is refused does not hold up the others."""
        found = list(self._ticked(request, batch))
        rows.attach_rows(found)
        for suggestion in found:
            _check(request, self.admin_site, suggestion)
        done = 0
        for suggestion in found:
            try:
                DECISIONS[verb](request, suggestion)
                done += 1
            except ShopAIError as error:
                row = getattr(suggestion, "row", None) or suggestion.target_id
                messages.error(request, f"{row}: {say(error)}")
        if done or not found:
            told = ngettext("%d text applied.", "%d texts applied.", done)
            if verb == "dismiss":
                told = ngettext("%d text dismissed.", "%d texts dismissed.", done)
            (messages.success if done else messages.warning)(
                request, told % done if done else _("Tick the texts first.")
            )

    def _ticked(self, request: HttpRequest, batch: Batch) -> QuerySet[Suggestion]:
        keys = request.POST.getlist("shop_ai-pick")[:PER_PAGE]
        try:
            return Suggestion.objects.filter(pk__in=keys, job__batch=batch).select_related("job")
        except (ValidationError, ValueError):
            raise Http404 from None


def _shown(request: HttpRequest, tabs: list[tuple[str, Any, int]]) -> str:
    """The tab that was asked for, else the first with something in it."""
    asked = request.GET.get("show", "")
    filled = [name for name, _label, number in tabs if number]
    return asked if asked in SHOW else (filled or ["ready"])[0]


def _jobs(batch: Batch, show: str) -> QuerySet[Job]:
    found = batch.jobs.filter(SHOW[show][1]).select_related("suggestion", "suggestion__job")
    return found.order_by("pk")


def _may_cancel(request: HttpRequest, batch: Batch) -> bool:
    user: Any = request.user
    return bool(user.has_perm("shop_ai.bulk")) and (batch.by_id == user.pk or user.is_superuser)


def _check(request: HttpRequest, site: Any, suggestion: Any) -> None:
    """A row that is gone may be nobody's to change: it is refused as well."""
    model_admin = admin_of(site, type(suggestion.row))
    if model_admin is None or not permits(request, model_admin, suggestion.row).apply:
        raise PermissionDenied


def _apply(request: HttpRequest, suggestion: Suggestion) -> None:
    seen = request.POST.get(f"shop_ai-{suggestion.pk}-seen")
    jobs.apply(suggestion, by=request.user, seen=seen or None)


def _dismiss(request: HttpRequest, suggestion: Suggestion) -> None:
    jobs.dismiss(suggestion, by=request.user)


DECISIONS: Mapping[str, Callable[[HttpRequest, Suggestion], None]] = {"apply": _apply, "dismiss": _dismiss}
ADMINS: Mapping[Any, Any] = {Batch: BatchAdmin}
