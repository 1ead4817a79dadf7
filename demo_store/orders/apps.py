"""The app's name and label."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    """What customers bought."""

    name = "demo_store.orders"
    label = "orders"
    verbose_name = _("Orders")
