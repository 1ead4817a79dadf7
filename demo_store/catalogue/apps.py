"""The app's name and label."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogueConfig(AppConfig):
    """What the store sells."""

    name = "demo_store.catalogue"
    label = "catalogue"
    verbose_name = _("Catalogue")
