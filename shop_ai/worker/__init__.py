"""What a worker does: claim → read → submit → finish. No Celery, no HTTP, no torch."""

from __future__ import annotations

from shop_ai.worker.loop import Worker
from shop_ai.worker.start import build_backend

__all__ = ("Worker", "build_backend")
