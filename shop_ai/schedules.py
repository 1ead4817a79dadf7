"""For a store that runs Celery beat: `app.conf.beat_schedule |= shop_ai.schedules.BEAT`. Nothing needs it."""

from __future__ import annotations

from typing import Any

BEAT: dict[str, dict[str, Any]] = {
    "shop_ai.sweep": {"task": "shop_ai.sweep", "schedule": 60.0, "options": {"queue": "shop_ai.upkeep"}},
}
