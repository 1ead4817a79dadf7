"""The app's name and label."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StorefrontConfig(AppConfig):
    """The pages that visitors see."""

    name = "demo_store.storefront"
    label = "storefront"
    verbose_name = _("Storefront")
