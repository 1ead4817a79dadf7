"""Answers to the store's own signals: `ON_CREATE`. Connected to models whose rows are a bound model's."""

from __future__ import annotations

import logging
from typing import Any

from django.apps import apps
from django.db.models.signals import post_save

from shop_ai import jobs
from shop_ai.conf import config
from shop_ai.models import Lane
from shop_ai.roles import Binding, bindings
from shop_ai.roles.binding import is_writing
from shop_ai.skills import skills
from shop_ai.worker.new_rows import condition

log = logging.getLogger("shop_ai.receivers")


def connect() -> None:
    """Listen to every bound model, to its proxies and to what inherits from it.

    Django sends the signal for the class that was saved alone.
    """
    for model in apps.get_models():
        if any(_makes_rows_of(binding, model) for binding in bindings().values()):
            post_save.connect(on_save, sender=model, dispatch_uid="shop_ai.on_save")


def _makes_rows_of(binding: Binding, saved: type[Any]) -> bool:
    return issubclass(saved, binding.model._meta.concrete_model or binding.model)


def on_save(sender: Any, instance: Any, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """Queue what `ON_CREATE` names for a new row. Never raises: the store's save is not ours to break."""
    if raw or not created or is_writing():
        return
    for name in config().ON_CREATE:
        asked = skills().get(name)
        binding = bindings().get(asked.role.name) if asked else None
        if asked is None or binding is None or not _makes_rows_of(binding, sender):
            continue
        try:
            key = getattr(instance, binding.model._meta.pk.attname)  # a child's own key may be another
            rows = binding.by_pk(key).filter(**binding.settings.FILTER).filter(**condition(asked))
            jobs.enqueue(name, rows, lane=Lane.BULK, delay=config().DEBOUNCE)
        except Exception:
            log.exception("Queueing %s for a new %s failed; the sweep will find it.", name, sender.__name__)
