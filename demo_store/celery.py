"""The store's Celery app; everything about it is set in settings under CELERY_*."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo_store.settings")

app = Celery("demo_store")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
