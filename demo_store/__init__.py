"""An ordinary store, there to show what shop_ai does for one; its models know nothing of shop_ai."""

from __future__ import annotations

from demo_store.celery import app as celery_app

__all__ = ["celery_app"]
