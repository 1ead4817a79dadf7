"""The action on the list: first a page that says what would happen, then one batch of jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from shop_ai import jobs
from shop_ai.admin import pace
from shop_ai.admin.forms import OptionsForm, options_form, remember, remembered
from shop_ai.admin.notices import notices
from shop_ai.admin.permits import permits
from shop_ai.admin.selection import Chooser, Selection
from shop_ai.admin.words import say, things
from shop_ai.exceptions import ShopAIError
from shop_ai.models import Batch, Job, Lane
from shop_ai.models.job import LIVE, database
from shop_ai.roles import bound
from shop_ai.skills import Skill

Action = Callable[[Any, HttpRequest, QuerySet[Any]], "HttpResponse | None"]


def entry(asked: Skill) -> tuple[str, tuple[Action, str, str]]:
    """The action as `ModelAdmin.get_actions` lists it."""
    name = f"shop_ai_{asked.name}"

    def action(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return run(model_admin, request, queryset, asked)

    return name, (action, name, _("AI: %s …") % say(asked.label))


def run(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any], asked: Skill) -> HttpResponse:
    """Show the confirm page, count again, or start."""
    if not permits(request, model_admin).bulk:
        raise PermissionDenied
    step = request.POST.get("shop_ai-step", "")
    form = options_form(asked, data=request.POST if step else None, initial=remembered(request, asked))
    keep = not step or "shop_ai-keep" in request.POST
    chooser = Chooser(request=request, model_admin=model_admin, binding=bound(asked.role), asked=asked)
    selection = chooser.select(queryset, keep=keep)
    if step == "start" and form.is_valid() and selection.ready:
        try:
            batch = start(chooser, selection, form)
        except ShopAIError as error:
            messages.error(request, say(error))
        else:
            remember(request, asked, form.params())
            return redirect(f"{model_admin.admin_site.name}:shop_ai_batch_change", batch.pk)
    return _confirm(chooser, selection, form, keep=keep)


def start(chooser: Chooser, selection: Selection, form: OptionsForm) -> Batch:
    """One batch and its jobs, in one transaction."""
    params, by = form.params(), chooser.request.user
    with transaction.atomic(using=database()):
        batch = Batch.objects.create(
            skill=chooser.asked.name,
            params=params,
            by_id=by.pk,
            chosen=selection.chosen,
            skipped={name: number for name, number in selection.skipped.items() if number},
        )
        coalesced = 0
        for rows in chooser.chunks(selection):
            queued = jobs.enqueue(chooser.asked.name, rows, by=by, params=params, lane=Lane.BULK, batch=batch)
            coalesced += queued.coalesced
        if coalesced:
            Batch.objects.filter(pk=batch.pk).update(coalesced=coalesced)
    return batch


def _confirm(chooser: Chooser, selection: Selection, form: OptionsForm, *, keep: bool) -> HttpResponse:
    request, model_admin, asked = chooser.request, chooser.model_admin, chooser.asked
    request.current_app = model_admin.admin_site.name  # as the views of the admin do
    per_minute = pace.rate(asked.name)
    ahead = Job.objects.filter(state__in=LIVE).count()
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("AI: %s") % say(asked.label),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "action": f"shop_ai_{asked.name}",
        "checkbox": ACTION_CHECKBOX_NAME,
        "ticked": _ticked(request),
        "across": request.POST.get("select_across") == "1",
        "index": request.POST.get("index", ""),
        "selection": selection,
        "things": things(asked.name, selection.chosen),
        "fields": [
            say(name.replace("_", " ")) for name in asked.writes.values() if name in chooser.binding.fields
        ],
        "form": form,
        "keep": keep,
        "rate": per_minute,
        "minutes": pace.minutes_left(selection.ready + ahead, per_minute),
        "ahead": ahead,
        "notices": notices([asked.name]),
    }
    return TemplateResponse(request, "shop_ai/admin/confirm.html", context)


def _ticked(request: HttpRequest) -> list[str]:
    """The rows to name again: with "select all" one stands for all, the query string says which."""
    ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
    return ticked[:1] if request.POST.get("select_across") == "1" else ticked
