"""The app's name and label."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SupportConfig(AppConfig):
    """What customers ask, and the store's own help texts."""

    name = "demo_store.support"
    label = "support"
    verbose_name = _("Support")
