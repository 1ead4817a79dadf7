"""One row per start of a worker: who is alive, on what, with which checkpoint."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class WorkerBoot(models.Model):
    id = models.UUIDField(primary_key=True)
    host = models.CharField(_("host"), max_length=128)
    pid = models.PositiveIntegerField(_("process"))
    lanes = models.JSONField(_("lanes"), default=list)
    state = models.CharField(_("state"), max_length=16)
    """loading, ready, refused, stopping or stopped."""
    detail = models.JSONField(_("detail"), default=dict)
    """What the backend says of itself, and the `skills` it knows; `error` where it refused to start."""
    started_at = models.DateTimeField(_("started"))
    seen_at = models.DateTimeField(_("seen"))

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        default_permissions = ("view",)
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"

    def knows(self, skill: str) -> bool:
        """Whether the settings it was started with list the skill; while it loads, that is not said yet."""
        return skill in self.detail.get("skills", [skill])

    @classmethod
    def alive(cls, within: float = 15.0) -> models.QuerySet[Any]:
        """Workers seen in the last seconds that have not stopped or refused."""
        fresh = cls.objects.filter(seen_at__gt=Now() - timedelta(seconds=within))
        return fresh.exclude(state__in=["stopped", "refused"])
