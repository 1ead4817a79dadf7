"""What stops the work right now, said where people would otherwise wonder: pauses, no worker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from shop_ai.models import Pause, WorkerBoot
from shop_ai.skills import skills
from shop_ai.tasks import start_command


def notices(names: Iterable[str] | None = None) -> list[str]:
    """Sentences to show above our work; two queries. `names` are the skills in question, None for all."""
    wanted = set(skills() if names is None else names)
    pauses = Pause.objects.select_related("by")
    found = [_pause(pause) for pause in pauses if not pause.skill or pause.skill in wanted]
    return found + _worker()


def warn(request: HttpRequest, names: Iterable[str] | None = None) -> None:
    """The same as messages of the admin, for pages whose template is the store's."""
    for notice in notices(names):
        messages.warning(request, notice)


def _pause(pause: Any) -> str:
    told = {"what": pause, "reason": pause.reason, "by": pause.by}
    if pause.by is None:
        return _("Paused (%(what)s): %(reason)s") % told
    return _("Paused (%(what)s): %(reason)s – by %(by)s") % told


def _worker() -> list[str]:
    states = set(WorkerBoot.alive().values_list("state", flat=True))
    if not states:
        return [_("No worker is alive, so nothing is written. Start one with: %s") % start_command()]
    if states == {"loading"}:
        return [_("The worker is loading the language model; what is asked for now begins in a moment.")]
    return []
