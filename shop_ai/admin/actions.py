"""What the panel's buttons do: each click is one POST, and every permission is asked again here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from shop_ai import jobs
from shop_ai.admin.forms import options_form, remember
from shop_ai.admin.offers import wordings
from shop_ai.admin.panel import address, offered_skills, render_section, section
from shop_ai.admin.permits import permits
from shop_ai.admin.words import say
from shop_ai.exceptions import Refused, ShopAIError
from shop_ai.models import Job, Lane, Suggestion
from shop_ai.models.suggestion import Decision
from shop_ai.roles import binding_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One button pressed by one person on one row. `key` says what of the row is meant."""

    request: HttpRequest
    row: Any
    target: Mapping[str, str]
    asked: Mapping[str, Any]
    """The skills of the row's role by name."""
    key: str

    @property
    def by(self) -> Any:
        return self.request.user

    def suggestion(self, wanted: Decision = Decision.WAITING) -> Suggestion:
        found: Suggestion = _one(Suggestion.objects.filter(**self.target).select_related("job"), self.key)
        if found.state != wanted:
            raise Refused(_("Somebody has decided on this text already: %s.") % found.get_state_display())
        return found

    def job(self) -> Job:
        found: Job = _one(Job.objects.filter(**self.target), self.key)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """What a button does, and the permission it takes. Returns what to tell, and the skill it was about."""

    permit: str
    run: Callable[[Click], tuple[str, str]]


def act(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """The one address of all buttons of a row."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    row = _row(model_admin, request, object_id)
    verb, _colon, key = request.POST.get("shop_ai-act", "").partition(":")
    if verb not in VERBS:
        raise Http404
    if not getattr(permits(request, model_admin, row), VERBS[verb].permit):
        raise PermissionDenied
    binding = binding_for(model_admin.model)
    if binding is None:
        raise Http404
    target = {"target_model": binding.model._meta.label_lower, "target_id": str(row.pk)}
    asked = {one.name: one for one in offered_skills(binding)}
    name = ""
    try:
        told, name = VERBS[verb].run(Click(request=request, row=row, target=target, asked=asked, key=key))
        level = messages.SUCCESS
    except ShopAIError as error:
        told, level = say(error), messages.ERROR
    place = f"shop-ai-{name or 'panel'}"
    messages.add_message(request, level, told, extra_tags=place)
    return redirect(f"{address(request, model_admin, 'change', row.pk)}#{place}")


def state(model_admin: Any, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
    """One section as it is now, for the script that waits beside the person."""
    if request.method != "GET":
        return HttpResponseNotAllowed(["GET"])
    row = _row(model_admin, request, object_id)
    asked = {one.name: one for one in offered_skills(binding_for(model_admin.model))}
    if name not in asked:
        raise Http404
    shown = section(request, model_admin, row, asked[name])
    if not shown.may.any:
        raise PermissionDenied
    html = render_section(request, shown)
    answer = {
        "busy": shown.busy,
        "version": shown.version,
        "text": f"{shown.label}: {shown.line}",
        "html": html,
    }
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def _row(model_admin: Any, request: HttpRequest, object_id: str) -> Any:
    row = model_admin.get_object(request, unquote(object_id))
    if row is None:
        raise Http404
    if not model_admin.has_view_or_change_permission(request, row):
        raise PermissionDenied
    return row


def _one(found: Any, key: str) -> Any:
    """The row of that key among these, or a 404: a key of another row is none of ours."""
    try:
        one = found.filter(pk=key).first()
    except (ValidationError, ValueError):
        one = None
    if one is None:
        raise Http404
    return one


def chosen_values(request: HttpRequest, suggestion: Suggestion) -> dict[str, Any] | None:
    """The wording that was chosen and what the person made of it; None when it is the suggestion's own."""
    prefix = f"shop_ai-{suggestion.pk}"
    versions = wordings(suggestion)
    number = request.POST.get(f"{prefix}-version", "0")
    chosen = versions[int(number)] if number.isdecimal() and int(number) < len(versions) else versions[0]
    values = dict(chosen)
    for name, value in chosen.items():
        text = request.POST.get(f"{prefix}-text-{number}-{name}")
        if text is not None and isinstance(value, str):
            values[name] = text.replace("\r\n", "\n")
    return None if values == suggestion.after else values


# -- the verbs -----------------------------------------------------------------------------------


def _write(click: Click) -> tuple[str, str]:
    asked = click.asked.get(click.key)
    if asked is None:
        raise Http404
    form = options_form(asked, data=click.request.POST)
    if not form.is_valid():
        raise ShopAIError(" ".join(form.problems()))
    queued = jobs.enqueue(asked.name, click.row, by=click.by, params=form.params())
    remember(click.request, asked, form.params())
    told = _("Asked for. It is shown here as soon as it is written.")
    return told if queued.created else _("This is already being written."), asked.name


def _apply(click: Click, *, accept_stale: bool = False) -> tuple[str, str]:
    suggestion = click.suggestion()
    seen = click.request.POST.get(f"shop_ai-{suggestion.pk}-seen")
    values = chosen_values(click.request, suggestion)
    jobs.apply(suggestion, by=click.by, values=values, seen=seen or None, accept_stale=accept_stale)
    return _("Applied. The text now stands in the store."), suggestion.skill


def _apply_anyway(click: Click) -> tuple[str, str]:
    return _apply(click, accept_stale=True)


def _edit(click: Click) -> tuple[str, str]:
    suggestion = click.suggestion()
    jobs.edit(suggestion, by=click.by, values=chosen_values(click.request, suggestion) or suggestion.after)
    return _("Your wording is saved as a draft; it is not applied yet."), suggestion.skill


def _dismiss(click: Click) -> tuple[str, str]:
    suggestion = click.suggestion()
    jobs.dismiss(suggestion, by=click.by)
    return _("Dismissed. Nothing was changed in the store."), suggestion.skill


def _regenerate(click: Click) -> tuple[str, str]:
    suggestion = click.suggestion()
    jobs.regenerate(suggestion, by=click.by)
    return _("Put aside; another one is being written."), suggestion.skill


def _revert(click: Click) -> tuple[str, str]:
    suggestion = click.suggestion(Decision.APPLIED)
    jobs.revert(suggestion, by=click.by)
    return _("Reverted. The text from before is back."), suggestion.skill


def _retry(click: Click) -> tuple[str, str]:
    job = click.job()
    jobs.retry(job, by=click.by, lane=Lane.INTERACTIVE)
    return _("Asked for again."), job.skill


def _cancel(click: Click) -> tuple[str, str]:
    job = click.job()
    ended, asked = jobs.cancel(Job.objects.filter(pk=job.pk))
    told = _("Cancelled.") if ended else _("It stops within seconds.")
    return told if ended or asked else _("It had already ended."), job.skill


VERBS: Mapping[str, Verb] = {
    "write": Verb(permit="generate", run=_write),
    "retry": Verb(permit="generate", run=_retry),
    "cancel": Verb(permit="generate", run=_cancel),
    "regenerate": Verb(permit="rewrite", run=_regenerate),
    "apply": Verb(permit="apply", run=_apply),
    "apply-anyway": Verb(permit="apply", run=_apply_anyway),
    "edit": Verb(permit="apply", run=_edit),
    "dismiss": Verb(permit="apply", run=_dismiss),
    "revert": Verb(permit="apply", run=_revert),
}
