"""The list of jobs: where each stands and why, to retry or to cancel; nothing else can be changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import formats
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from shop_ai import jobs as door
from shop_ai.admin import words
from shop_ai.admin.panel import RETRY, SYMBOLS
from shop_ai.admin.permits import admin_of, permits
from shop_ai.admin.prompts import prompt_of
from shop_ai.admin.readonly import SkillFilter, WithRows, as_block, as_json
from shop_ai.admin.rows import attach_rows
from shop_ai.exceptions import ShopAIError
from shop_ai.models import Attempt, Job, Lane, State, WorkerBoot

if TYPE_CHECKING:
    Inline = admin.TabularInline[Any, Any]
else:
    Inline = admin.TabularInline


class AttemptInline(Inline):
    """The log of attempts, below the job."""

    model = Attempt
    extra = 0
    can_delete = False
    fields = readonly_fields = (
        "number", "boot", "started_at", "finished_at", "ended", "error", "tokens_in", "tokens_out", "took",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        boot = WorkerBoot.objects.filter(pk=OuterRef("worker"))
        held = {"host": Subquery(boot.values("host")[:1]), "pid": Subquery(boot.values("pid")[:1])}
        found: QuerySet[Any] = super().get_queryset(request).annotate(**held)
        return found

    @admin.display(description=_("worker"))
    def boot(self, attempt: Any) -> str:
        """Where it ran; of a worker whose row is gone, its key."""
        if attempt.host is None:
            return str(attempt.worker)
        return _("%(host)s, process %(pid)s") % {"host": attempt.host, "pid": attempt.pid}

    @admin.display(description=_("outcome"))
    def ended(self, attempt: Attempt) -> str:
        return words.outcome_label(attempt.outcome) or "–"

    @admin.display(description=_("took"))
    def took(self, attempt: Attempt) -> str:
        return _("%s s") % formats.number_format(attempt.milliseconds / 1000, 1)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user: Any = request.user
        return bool(user.has_perm("shop_ai.view_job"))


class JobAdmin(WithRows):
    """Jobs, the newest first."""

    list_display = ["standing", "target", "what", "why", "created_at", "owner"]
    list_filter = ["state", SkillFilter, "lane"]
    list_select_related = ["owner"]
    list_per_page = 50
    search_fields = ["target_id"]
    search_help_text = _("Search by the number of the entry")
    ordering = ["-id"]
    actions = ["cancel_jobs", "retry_jobs"]
    inlines = [AttemptInline]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        user: Any = request.user
        prompt = ["prompt"] if user.has_perm("shop_ai.see_prompts") else []
        return [
            "buttons", "standing", "why", "what", "target", "spoken", "options", "lane", "owner",
            "batch_link", "retried", "created_at", "available_at", "started_at", "finished_at", "deadline_at",
            "attempt", "charged", "offered", "answer", *prompt,
        ]  # fmt: skip

    get_readonly_fields = get_fields

    # -- columns -------------------------------------------------------------------------------

    @admin.display(description=_("state"), ordering="state")
    def standing(self, job: Job) -> str:
        """A sign and words: not colour alone."""
        asked = _(" (cancel asked)") if job.is_live and job.cancel_requested_at else ""
        return f"{SYMBOLS[State(job.state)]}\N{NO-BREAK SPACE}{job.get_state_display()}{asked}"

    @admin.display(description=_("reason"))
    def why(self, job: Job) -> str:
        missing = _("Missing: %s") % words.names(job.missing) if job.missing else ""
        return " ".join(filter(None, (words.reason(job), str(missing)))) or "–"

    @admin.display(description=_("options"))
    def options(self, job: Job) -> str:
        return words.option_labels(job.params) or "–"

    @admin.display(description=_("answer"))
    def answer(self, job: Job) -> str:
        return as_block(as_json(job.output)) if job.output is not None else "–"

    @admin.display(description=_("prompt, as it would be asked now"))
    def prompt(self, job: Job) -> str:
        return as_block(prompt_of(job))

    @admin.display(description=_("suggestion"))
    def offered(self, job: Job) -> str:
        found = getattr(job, "suggestion", None)
        return self.link("suggestion", found.pk, found.get_state_display()) if found else "–"

    @admin.display(description=_("batch"))
    def batch_link(self, job: Job) -> str:
        return (
            self.link("batch", job.batch_id, f"{self.what(job)} × {job.batch.chosen}") if job.batch else "–"
        )

    @admin.display(description=_("retry of"))
    def retried(self, job: Any) -> str:
        return self.link("job", job.retry_of_id, self.standing(job.retry_of)) if job.retry_of else "–"

    @admin.display(description=_("actions"))
    def buttons(self, job: Any) -> str:
        """Inside the admin's own form, like the panel."""
        url = reverse(f"{self.admin_site.name}:shop_ai_job_act", args=[quote(str(job.pk))])
        may = self._may(job._shop_ai_request, job)
        context = {"job": job, "url": url, "may": may, "again": job.state in RETRY}
        return render_to_string("shop_ai/admin/job_buttons.html", context)

    # -- moves ---------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.act_view)
        return [path("<path:object_id>/act/", view, name="shop_ai_job_act"), *super().get_urls()]

    def has_move_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("shop_ai.generate"))

    @admin.action(description=_("Cancel"), permissions=["move"])
    def cancel_jobs(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self._each(request, queryset, _cancel)

    @admin.action(description=_("Retry"), permissions=["move"])
    def retry_jobs(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        lane = Lane.BULK if queryset.count() > door.FEW else None
        self._each(request, queryset, partial(_retry, lane=lane))

    def act_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = self.get_object(request, unquote(object_id))
        move = MOVES.get(request.POST.get("shop_ai-act", ""))
        if job is None or move is None:
            raise Http404
        if not self.has_view_permission(request, job) or not self._may(request, job):
            raise PermissionDenied
        self._each(request, Job.objects.filter(pk=job.pk), move)
        return redirect(f"{self.admin_site.name}:shop_ai_job_change", job.pk)

    def _each(self, request: HttpRequest, queryset: QuerySet[Job], move: Callable[[Any, Job], bool]) -> None:
        """One by one: a job that cannot be moved is told of and does not hold up the others."""
        found, done, refused = list(queryset[:1000]), 0, set()
        attach_rows(found)
        for job in found:
            try:
                if self._may(request, job):
                    done += move(request, job)
                else:
                    refused.add(str(_("You may not change the entry.")))
            except ShopAIError as error:
                refused.add(words.say(error))
        for sentence in sorted(refused):
            messages.warning(request, sentence)
        told = ngettext("%d job changed.", "%d jobs changed.", done) % done
        (messages.success if done else messages.warning)(request, told)

    def _may(self, request: HttpRequest, job: Any) -> bool:
        """Our permission and the store's on the row; of a row that is gone, ours alone."""
        if not hasattr(job, "row"):
            attach_rows([job])
        if not self.has_move_permission(request):
            return False
        if job.row is None:
            return True
        model_admin = admin_of(self.admin_site, type(job.row))
        return model_admin is not None and permits(request, model_admin, job.row).generate


def _cancel(request: HttpRequest, job: Job) -> bool:
    return any(door.cancel(Job.objects.filter(pk=job.pk)))


def _retry(request: HttpRequest, job: Job, *, lane: Lane | None = None) -> bool:
    door.retry(job, by=request.user, lane=lane)
    return True


MOVES: Mapping[str, Callable[[Any, Job], bool]] = {"cancel": _cancel, "retry": _retry}
ADMINS: Mapping[Any, Any] = {Job: JobAdmin}
