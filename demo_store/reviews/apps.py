"""The app's name and label."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    """What customers say about it."""

    name = "demo_store.reviews"
    label = "reviews"
    verbose_name = _("Reviews")
