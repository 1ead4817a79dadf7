"""The log of attempts: opened by a claim, closed once by whatever ended it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop_ai.models.job import Job


class Attempt(models.Model):
    job = models.ForeignKey(Job, verbose_name=_("job"), on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField(_("number"))
    worker = models.UUIDField(_("worker"))
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    outcome = models.CharField(_("outcome"), max_length=16, blank=True)
    """A state of the job, or retry, released, lost; empty while it runs."""
    error = models.TextField(_("error"), blank=True)
    tokens_in = models.PositiveIntegerField(_("tokens read"), default=0)
    tokens_out = models.PositiveIntegerField(_("tokens written"), default=0)
    milliseconds = models.PositiveIntegerField(_("milliseconds"), default=0)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        default_permissions = ("view",)
        ordering = ["number"]
        indexes = [
            models.Index(
                fields=["finished_at"], condition=models.Q(outcome="lost"), name="shop_ai_attempt_lost"
            )
        ]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="shop_ai_attempt_once")]

    def __str__(self) -> str:
        return f"{self.job_id} #{self.number}"
