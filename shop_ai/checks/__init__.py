"""System checks: every mistake in the settings has an id, a sentence and the fix. No query, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, register

from shop_ai.checks import adapters, admin, backend, fields, limits, roles, services, skills
from shop_ai.checks.context import gather
from shop_ai.checks.messages import message
from shop_ai.conf import is_set, lookalike, read

TAG = "shop_ai"
PARTS = (
    limits.check,
    roles.check,
    fields.check,
    skills.check,
    backend.check,
    adapters.check,
    services.check,
    admin.check,
)


def check_settings(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Everything that is wrong with the settings; what cannot be read at all comes first, alone."""
    if not is_set():
        return [_absent()]
    config, problems = read()
    if problems:
        return [message(problem.id, problem.message, problem.hint) for problem in problems]
    context = gather(config)
    return [found for part in PARTS for found in part(context)]


def _absent() -> CheckMessage:
    text = "shop_ai is in INSTALLED_APPS and the settings have no SHOP_AI: nothing is offered."
    found = lookalike()
    own = f"You have a {found}: rename it to SHOP_AI." if found else ""
    return message("W077", text, own or 'Begin with SHOP_AI = {"ROLES": {…}, "SKILLS": […]}.')


def register_all() -> None:
    """Let `manage.py check` run them."""
    register(check_settings, TAG)
