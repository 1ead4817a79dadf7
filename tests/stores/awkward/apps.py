"""A store that does everything another way than the demo store."""

from __future__ import annotations

from django.apps import AppConfig


class AwkwardConfig(AppConfig):
    name = "tests.stores.awkward"
    label = "awkward"
    default_auto_field = "django.db.models.BigAutoField"
