"""A bulk request: the jobs asked for with one click."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from shop_ai.models.job import LIVE, State, uuid7


class Batch(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    skill = models.CharField(_("skill"), max_length=64)
    params = models.JSONField(_("options"), default=dict, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("asked by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    chosen = models.PositiveIntegerField(_("chosen"), default=0)
    coalesced = models.PositiveIntegerField(_("already waiting"), default=0)
    skipped = models.JSONField(_("left out"), default=dict, blank=True)
    """Reason → how many rows."""
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        default_permissions = ("view",)
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.skill} × {self.chosen}"

    def counts(self) -> dict[str, int]:
        """Jobs of this batch by state, in one query; states nobody is in count 0."""
        rows = self.jobs.values_list("state").annotate(n=models.Count("id")).order_by()
        found = dict(rows)
        return {state.value: found.get(state.value, 0) for state in State}

    def live(self) -> bool:
        return self.jobs.filter(state__in=LIVE).exists()
