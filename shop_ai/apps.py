"""Hooks the app into Django. No query, no torch."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class ShopAIConfig(AppConfig):
    name = "shop_ai"
    label = "shop_ai"
    verbose_name = _("Store AI")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from shop_ai import checks, receivers
        from shop_ai.conf import read

        checks.register_all()
        _, problems = read()
        if problems:
            return  # the checks tell; nothing can be connected to settings that cannot be read
        receivers.connect()
        if apps.is_installed("django.contrib.admin"):
            from shop_ai.admin import attach

            attach.attach_all()
