"""`manage.py ai_sweep`: once what the workers do by themselves every few seconds; for cron."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from shop_ai.models import moves
from shop_ai.worker.keeper import alone
from shop_ai.worker.sweep import sweep


class Command(BaseCommand):
    """Reap, expire and sweep."""

    help = "Bring back jobs of lost workers, end what is too late, and find rows that changed unnoticed."

    def handle(self, *args: Any, **options: Any) -> None:
        with alone() as ours:
            if not ours:
                self.stdout.write("A worker is at it just now; nothing to do.")
                return
            reaped, expired, found = moves.reap(), moves.expire(), sweep()
        self.stdout.write(f"{reaped} jobs of lost workers are queued again, {expired} were too late.")
        outdated = found.pop("outdated")
        for name, number in found.items():
            self.stdout.write(f"{name}: {number} new rows queued.")
        self.stdout.write(f"{outdated} texts are outdated: their facts have changed.")
