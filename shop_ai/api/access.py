"""Who may do what: permissions on the door, and which of the store's rows a request may see or change."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from django.contrib.auth import get_permission_codename
from django.db.models import Model
from django.http import HttpRequest
from django.utils.module_loading import import_string
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from shop_ai.conf import config
from shop_ai.models import Job, Suggestion
from shop_ai.roles import Binding, bindings

GENERATE, APPLY, BULK, SEE_PROMPTS = (
    f"shop_ai.{name}" for name in ("generate", "apply", "bulk", "see_prompts")
)
READ_JOBS = ("shop_ai.view_job", GENERATE)
READ_SUGGESTIONS = ("shop_ai.view_suggestion", GENERATE, APPLY)
READ_ANY = ("shop_ai.view_job", "shop_ai.view_suggestion", GENERATE, APPLY)

Verb = Literal["view", "change"]
Found = dict[uuid.UUID, Model | None]
"""Key of our row → the store's row behind it, or None where that was deleted."""


class Permitted(BasePermission):
    """Any one of the permissions that the view names for its action; an action without one is closed."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        if view.action in (None, "metadata"):
            return True  # no such method: the answer is 405
        return any(request.user.has_perm(name) for name in view.needs.get(view.action, ()))


def allowed(user: Any, verb: Verb, model: type[Model]) -> bool:
    """Django's permission on the model; who may change may see."""
    options = model._meta
    codes = ("change",) if verb == "change" else ("view", "change")
    return any(user.has_perm(f"{options.app_label}.{get_permission_codename(c, options)}") for c in codes)


def may(request: Request, verb: Verb, row: Model, model: type[Model]) -> bool:
    """The model's permission, and the opinion of the store's own admin on this very row."""
    if not allowed(request.user, verb, model):
        return False
    admin, plain = admin_of(model), _plain(request)
    if admin is None:
        return True
    asked = admin.has_change_permission if verb == "change" else admin.has_view_permission
    return bool(asked(plain, row))


def admin_of(model: type[Model]) -> Any:
    """The ModelAdmin that the store has registered for the model, if it uses the admin at all."""
    try:
        site = import_string(config().ADMIN_SITE)
    except ImportError:
        return None
    return site.get_model_admin(model) if site.is_registered(model) else None


def readable(request: Request) -> Mapping[str, Binding]:
    """The bound models this user may see, by label."""
    found = ((binding.model._meta.label_lower, binding) for binding in bindings().values())
    return {label: binding for label, binding in found if allowed(request.user, "view", binding.model)}


def rows(request: Request, binding: Binding, keys: Iterable[Any]) -> dict[str, Model]:
    """The rows of these keys that the request may see; a constant number of queries.

    The admin's own queryset decides where there is one: that is where stores keep sellers apart.
    """
    admin = admin_of(binding.model)
    if admin is None:
        queryset = binding.by_pk(*keys)
    else:
        queryset = admin.get_queryset(_plain(request)).using(binding.using).filter(pk__in=list(keys))
    return {str(row.pk): row for row in queryset.order_by() if may(request, "view", row, binding.model)}


def behind(request: Request, records: Iterable[Job] | Iterable[Suggestion]) -> Found:
    """Which of our rows the request may see, with the store's rows behind them.

    Where the store's row is gone nobody can ask its admin: then only whoever asked, or a superuser.
    """
    by_model: dict[str, list[Any]] = {}
    for record in records:
        by_model.setdefault(record.target_model, []).append(record)
    known, found = readable(request), Found()
    for label in by_model.keys() & known.keys():
        found |= _behind(request, known[label], by_model[label])
    return found


def _behind(request: Request, binding: Binding, records: list[Any]) -> Found:
    seen = rows(request, binding, {record.target_id for record in records})
    found: Found = {record.pk: seen[record.target_id] for record in records if record.target_id in seen}
    rest = [record for record in records if record.pk not in found and _is_own(request, record)]
    if rest:
        keys = {record.target_id for record in rest}
        hidden = set(map(str, binding.by_pk(*keys).values_list("pk", flat=True)))
        found |= {record.pk: None for record in rest if record.target_id not in hidden}
    return found


def _is_own(request: Request, record: Job | Suggestion) -> bool:
    job = record if isinstance(record, Job) else record.job
    return bool(request.user.is_superuser or job.owner_id == request.user.pk)


def _plain(request: Request) -> HttpRequest:
    """Django's request, which is what an admin expects; REST framework has set its user."""
    inner: HttpRequest = request._request
    return inner
