"""Answers to the store's own signals: `ON_CREATE`. Connected to bound models only."""

from __future__ import annotations

import logging
from typing import Any

from django.db.models.signals import post_save

from shop_ai import jobs
from shop_ai.conf import config
from shop_ai.models import Lane
from shop_ai.roles import bindings
from shop_ai.roles.binding import is_writing
from shop_ai.skills import skills
from shop_ai.worker.sweep import condition

log = logging.getLogger("shop_ai.receivers")


def connect() -> None:
    """Listen to every bound model that a skill of `ON_CREATE` works on."""
    for binding in bindings().values():
        post_save.connect(on_save, sender=binding.model, dispatch_uid=f"shop_ai.{binding.role.name}")


def on_save(sender: Any, instance: Any, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """Queue what `ON_CREATE` names for a new row. Never raises: the store's save is not ours to break."""
    if raw or not created or is_writing():
        return
    for name in config().ON_CREATE:
        asked = skills().get(name)
        binding = bindings().get(asked.role.name) if asked else None
        if asked is None or binding is None or binding.model is not sender:
            continue
        try:
            rows = binding.by_pk(instance.pk).filter(**binding.settings.FILTER).filter(**condition(asked))
            jobs.enqueue(name, rows, lane=Lane.BULK, delay=config().DEBOUNCE)
        except Exception:
            log.exception("Queueing %s for a new %s failed; the sweep will find it.", name, sender.__name__)
