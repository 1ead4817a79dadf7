"""Adds the mixin to the store's own admins, without touching their code, and registers our own lists."""

from __future__ import annotations

import logging
from typing import Any

from django.utils.module_loading import import_string

from shop_ai.admin import batches, guidance, jobs, pauses, records
from shop_ai.admin.mixin import ShopAIMixin
from shop_ai.admin.panel import offered_skills
from shop_ai.conf import config
from shop_ai.exceptions import ConfigurationError
from shop_ai.roles import binding_for

log = logging.getLogger("shop_ai.admin")


def attach_all() -> None:
    """Run once everything is registered; may be run again.

    What cannot be read of the settings is left to the checks, which say it better than a crash would.
    """
    try:
        site = import_string(config().ADMIN_SITE)
        register_own(site)
        if config().ADMIN:
            for model in list(site._registry):
                if offered_skills(binding_for(model)):
                    attach(site, model)
    except (ConfigurationError, ImportError, LookupError) as error:
        log.warning("The admin is left as it is: %s", error)


def attach(site: Any, model: Any) -> None:
    """Register the model anew, with its present admin class extended by ours."""
    present = type(site._registry[model])
    if issubclass(present, ShopAIMixin):
        return
    site.unregister(model)
    site.register(model, type(f"AI{present.__name__}", (ShopAIMixin, present), {}))


def register_own(site: Any) -> None:
    """Our own tables, on the same site."""
    own = {**batches.ADMINS, **guidance.ADMINS, **jobs.ADMINS, **pauses.ADMINS, **records.ADMINS}
    for model, admin_class in own.items():
        if model not in site._registry:
            site.register(model, admin_class)
