"""What a skill offers for the fields of a row, and what became of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop_ai.models.job import Job, uuid7


class Decision(models.TextChoices):
    WAITING = "waiting", _("Ready to review")
    APPLIED = "applied", _("Applied")
    DISMISSED = "dismissed", _("Dismissed")
    REVERTED = "reverted", _("Reverted")
    SUPERSEDED = "superseded", _("Replaced by a newer one")


class Suggestion(models.Model):
    """One output for one row. Values are dictionaries: role field → value."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.OneToOneField(
        Job, verbose_name=_("job"), on_delete=models.PROTECT, related_name="suggestion"
    )
    skill = models.CharField(_("skill"), max_length=64)
    target_model = models.CharField(_("kind of row"), max_length=128)
    target_id = models.CharField(_("row"), max_length=128)
    language = models.CharField(_("language"), max_length=16, blank=True)

    state = models.CharField(_("state"), max_length=16, choices=Decision.choices, default=Decision.WAITING)
    stale = models.BooleanField(_("outdated"), default=False)
    """The facts or the field changed after the answer was asked for."""
    stale_reason = models.CharField(_("what changed"), max_length=200, blank=True)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    candidates = models.JSONField(_("candidates"), default=list)
    provenance = models.JSONField(_("provenance"), default=dict)
    """Checkpoint and hash, prompt version, seed, tokens, milliseconds, fields read."""
    raw = models.JSONField(_("as the language model wrote it"), default=list)

    created_at = models.DateTimeField(pgettext_lazy("suggestion", "written"), auto_now_add=True)
    checked_at = models.DateTimeField(_("facts checked"), null=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    edited = models.BooleanField(_("edited by a person"), default=False)
    applied = models.JSONField(_("applied text"), default=dict)
    """What went into the store's row, after a person's edits."""
    applied_fp = models.CharField(max_length=64, blank=True)
    """What the written fields held just after: anything else is somebody's edit."""
    facts_fp = models.CharField(max_length=64, blank=True)
    """The facts the answer was made from; once applied, those that stood beside it then."""

    class Meta:
        verbose_name = _("suggestion")
        verbose_name_plural = _("suggestions")
        default_permissions = ("view",)
        permissions = [("apply", _("Can apply, dismiss and revert suggestions"))]
        indexes = [
            models.Index(fields=["target_model", "target_id", "skill", "state"], name="shop_ai_sugg_target"),
            models.Index(fields=["state", "checked_at"], name="shop_ai_sugg_sweep"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["skill", "target_model", "target_id", "language"],
                condition=models.Q(state=Decision.WAITING),
                name="shop_ai_sugg_one_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.skill} {self.target_model} {self.target_id}: {self.state}"
