"""What the panel on a row's form shows: one section for each skill of the row's role."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.utils import quote
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from shop_ai.admin.forms import OptionsForm, options_form, remembered
from shop_ai.admin.notices import notices
from shop_ai.admin.offers import Applied, Offer, applied, offer
from shop_ai.admin.permits import Permits, permits
from shop_ai.admin.words import names, reason, say
from shop_ai.models import Job, Pause, State, Suggestion
from shop_ai.models.job import REAL
from shop_ai.models.suggestion import Decision
from shop_ai.roles import Binding, binding_for
from shop_ai.skills import Skill, skills

SYMBOLS = {
    State.QUEUED: "○",
    State.RUNNING: "◐",
    State.SUCCEEDED: "●",
    State.DECLINED: "–",
    State.DEAD: "✕",
    State.STALE: "△",
    State.EXPIRED: "✕",
    State.CANCELLED: "✕",
}
"""A state is never told by colour alone."""
RETRY = (State.DECLINED, State.DEAD, State.EXPIRED, State.CANCELLED)


@dataclass(slots=True, kw_only=True)
class Section:
    """One skill on one row."""

    skill: Skill
    label: str
    may: Permits
    form: OptionsForm
    job: Job | None = None
    """The newest."""
    held: bool = False
    """Whether it waits for somebody to resume."""
    offers: list[Offer] = field(default_factory=list)
    applied: Applied | None = None
    url: str
    """Where its state can be asked for."""
    action: str
    """Where its buttons go."""
    told: list[Any] = field(default_factory=list)
    """What came of the button just pressed."""

    @property
    def busy(self) -> bool:
        return self.job is not None and self.job.is_live

    @property
    def again(self) -> bool:
        """Whether the newest job can be retried."""
        return self.job is not None and self.job.state in RETRY

    @property
    def symbol(self) -> str:
        if self.offers and not self.busy:
            return "●"
        return SYMBOLS[State(self.job.state)] if self.job else ""

    @property
    def line(self) -> str:
        """The state in words."""
        if self.job is not None and self.job.is_live:
            if self.job.cancel_requested_at:
                return _("Being cancelled …")
            if self.held:
                return _("Paused: this is written once somebody resumes")
            return _("Running …") if self.job.state == State.RUNNING else _("Waiting for a worker …")
        if self.offers:
            return _("Ready to review, but outdated") if self.offers[0].stale else _("Ready to review")
        return self.ended or (_("Applied") if self.applied else _("No draft yet"))

    @property
    def ended(self) -> str:
        """How the newest job ended where no text came of it."""
        return str(State(self.job.state).label) if self.job is not None and self.again else ""

    @property
    def reason(self) -> str:
        return reason(self.job) if self.job is not None and self.again else ""

    @property
    def missing(self) -> str:
        return names(self.job.missing) if self.job is not None and self.again else ""

    @property
    def version(self) -> str:
        """Changes whenever there is something new to show."""
        job = f"{self.job.pk} {self.job.state} {self.job.cancel_requested_at}" if self.job else ""
        parts = [job, str(self.held), *(str(one.suggestion.pk) for one in self.offers)]
        parts += [str(self.applied.suggestion.pk)] if self.applied else []
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def offered_skills(binding: Binding | None) -> list[Skill]:
    """The skills that work on rows of this binding."""
    return [] if binding is None else [one for one in skills().values() if one.role == binding.role]


def section(request: HttpRequest, model_admin: Any, row: Any, asked: Skill) -> Section:
    """The state of one skill on one row, as it is in the database now."""
    binding = binding_for(model_admin.model)
    assert binding is not None  # noqa: S101 - callers come from skills of this row's role
    row = binding.by_pk(row.pk).first() or row  # not the half-saved one of a form with errors
    target = {"target_model": binding.model._meta.label_lower, "target_id": str(row.pk), "skill": asked.name}
    suggestions = Suggestion.objects.filter(**target).select_related("job", "decided_by")
    waiting = suggestions.filter(state=Decision.WAITING).order_by("-pk")
    last = suggestions.filter(state=Decision.APPLIED).order_by("-decided_at").first()
    job = Job.objects.filter(REAL, **target).order_by("-pk").first()
    return Section(
        skill=asked,
        label=say(asked.label),
        may=permits(request, model_admin, row),
        form=options_form(asked, initial=remembered(request, asked)),
        job=job,
        held=job is not None and _held(job),
        offers=[offer(binding, one, row) for one in waiting],
        applied=applied(binding, last, row) if last else None,
        url=address(request, model_admin, "shop_ai_section", row.pk, asked.name),
        action=address(request, model_admin, "shop_ai", row.pk),
    )


def _held(job: Job) -> bool:
    waits = Job.objects.filter(Pause.blocked(), pk=job.pk)
    return job.state == State.QUEUED and waits.exists()


def address(request: HttpRequest, model_admin: Any, view: str, pk: Any, *more: str) -> str:
    """The address of one of a row's views, with the query string that leads back to the list as it was."""
    opts = model_admin.opts
    name = f"{model_admin.admin_site.name}:{opts.app_label}_{opts.model_name}_{view}"
    path, query = reverse(name, args=[quote(str(pk)), *more]), request.GET.urlencode()
    return f"{path}?{query}" if query else path


def render_section(request: HttpRequest, shown: Section) -> str:
    return render_to_string("shop_ai/admin/section.html", {"section": shown}, request)


def render_panel(request: HttpRequest, model_admin: Any, row: Any) -> str:
    """The whole panel. It stands inside the admin's own form, so its buttons name their own address."""
    asked = offered_skills(binding_for(model_admin.model))
    shown = [section(request, model_admin, row, one) for one in asked]
    told = list(get_messages(request))  # shown above the page as well, where nobody sees them from here
    for one in shown:
        one.told = [message for message in told if message.extra_tags == f"shop-ai-{one.skill.name}"]
    context = {
        "told": [message for message in told if message.extra_tags == "shop-ai-panel"],
        "notices": notices([one.name for one in asked]),
        "sections": shown,
        "writable": any(one.may.any for one in shown),
    }
    return render_to_string("shop_ai/admin/panel.html", context, request)
