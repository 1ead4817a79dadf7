"""The row that is the queue, the outbox and the record of one skill for one row of the store.

Nobody assigns `state` but `shop_ai.models.moves`.
"""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, router
from django.utils.translation import gettext_lazy as _

from shop_ai.exceptions import Refused

if TYPE_CHECKING:
    from shop_ai.models.suggestion import Suggestion


def uuid7() -> uuid.UUID:
    """A UUID that grows with time (RFC 9562, version 7), so that new rows lie together in the index."""
    milliseconds = time.time_ns() // 1_000_000
    value = (
        (milliseconds << 80)
        | (0x7 << 76)
        | (secrets.randbits(12) << 64)
        | (0b10 << 62)
        | secrets.randbits(62)
    )
    return uuid.UUID(int=value)


def digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


class State(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Done")
    DECLINED = "declined", _("Declined")  # the skill looked and had nothing to offer
    DEAD = "dead", _("Failed")
    STALE = "stale", _("Outdated")  # the row changed while the answer was made
    EXPIRED = "expired", _("Too late")
    CANCELLED = "cancelled", _("Cancelled")


REAL = models.Q(preview__isnull=True)
"""Jobs that are no previews."""
LIVE = (State.QUEUED, State.RUNNING)
TERMINAL = tuple(state for state in State if state not in LIVE)


class Lane(models.TextChoices):
    INTERACTIVE = "interactive", _("Interactive")
    BULK = "bulk", _("Bulk")


def _only_while(state: State, *columns: str, name: str) -> models.CheckConstraint:
    """These columns are filled in that state and in no other: an owner or a key alone tells the state."""
    inside, outside = models.Q(state=state), ~models.Q(state=state)
    for column in columns:
        inside &= models.Q(**{f"{column}__isnull": False})
        outside &= models.Q(**{f"{column}__isnull": True})
    return models.CheckConstraint(condition=inside | outside, name=name)


class Job(models.Model):
    """One skill for one row of the store."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    skill = models.CharField(_("skill"), max_length=64)
    target_model = models.CharField(_("kind of row"), max_length=128)
    target_id = models.CharField(_("row"), max_length=128)
    language = models.CharField(_("language"), max_length=16, blank=True)
    params = models.JSONField(_("options"), default=dict, blank=True)
    preview = models.JSONField(_("preview"), null=True, blank=True)
    """Guidance to try out: the answer stays with the job, no text is offered. None for real work."""
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("asked by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    batch = models.ForeignKey(
        "shop_ai.Batch",
        verbose_name=_("batch"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="jobs",
    )
    retry_of = models.ForeignKey(
        "self",
        verbose_name=_("retry of"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="retries",
    )

    lane = models.CharField(_("lane"), max_length=16, choices=Lane.choices, default=Lane.INTERACTIVE)
    rank = models.DateTimeField(_("rank"))
    """When it was asked for, or last lost with its worker, plus the lane's head start: smallest first."""
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.QUEUED)
    available_at = models.DateTimeField(_("not before"))
    deadline_at = models.DateTimeField(_("not after"), null=True, blank=True)

    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    """Only grows: the fencing token of whoever runs the job."""
    charged = models.PositiveIntegerField(_("attempts that cost"), default=0)
    worker_lost = models.PositiveIntegerField(_("lost workers"), default=0)
    """From two on it runs alone."""
    lease_owner = models.UUIDField(_("worker"), null=True, blank=True)
    lease_expires_at = models.DateTimeField(_("lease until"), null=True, blank=True)
    cancel_requested_at = models.DateTimeField(_("cancel asked"), null=True, blank=True)

    twin = models.CharField(max_length=64)
    """Skill, row, language and options: two queued jobs never share it."""
    slot = models.CharField(max_length=64)
    """The row: two running jobs never share it, as two languages may be kept in one field."""
    queue_key = models.CharField(max_length=64, null=True, blank=True)
    """`twin` while queued, else NULL; unique."""
    write_key = models.CharField(max_length=64, null=True, blank=True)
    """`slot` while running, else NULL; unique."""
    target_fp = models.CharField(max_length=64)
    """What the written fields held when the job was asked for."""
    input_fp = models.CharField(max_length=64, blank=True)
    """The facts the answer was made from."""

    output = models.JSONField(_("answer"), null=True, blank=True)
    error_class = models.CharField(_("kind of error"), max_length=64, blank=True)
    error_public = models.TextField(_("reason"), blank=True)
    missing = models.JSONField(_("missing"), default=list, blank=True)
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    if TYPE_CHECKING:
        suggestion: Suggestion
        owner_id: int | None
        batch_id: uuid.UUID | None
        retry_of_id: uuid.UUID | None

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        default_permissions = ("view",)
        permissions = [
            ("generate", _("Can have texts written")),
            ("bulk", _("Can start bulk work")),
            ("pause", _("Can pause skills and lanes")),
            ("see_prompts", _("Can see prompts")),
        ]
        indexes = [
            models.Index(
                fields=["lane", "rank", "id"],
                name="shop_ai_job_claim",
                condition=models.Q(state=State.QUEUED),
            ),
            models.Index(
                fields=["lease_expires_at"],
                name="shop_ai_job_reap",
                condition=models.Q(lease_expires_at__isnull=False),
            ),
            models.Index(fields=["target_model", "target_id", "skill"], name="shop_ai_job_target"),
            models.Index(fields=["state", "finished_at"], name="shop_ai_job_state"),
            models.Index(fields=["batch", "state"], name="shop_ai_job_batch"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["queue_key"], name="shop_ai_job_one_queued"),
            models.UniqueConstraint(fields=["write_key"], name="shop_ai_job_one_running"),
            _only_while(State.QUEUED, "queue_key", name="shop_ai_job_waits"),
            _only_while(
                State.RUNNING, "write_key", "lease_owner", "lease_expires_at", name="shop_ai_job_held"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.skill} {self.target_model} {self.target_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Only an insert goes through save: every later change is a guarded UPDATE of moves.py."""
        if not self._state.adding:
            raise Refused("A job is changed only by shop_ai.models.moves.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        if self.state in LIVE:
            raise Refused("A live job cannot be deleted; cancel it first.")
        return super().delete(*args, **kwargs)

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def seconds(self) -> float | None:
        """From start to finish."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


def database() -> str:
    """The alias our tables live under: that of the bound models."""
    return router.db_for_write(Job)


__all__ = ("LIVE", "REAL", "TERMINAL", "Job", "Lane", "State", "database", "digest", "uuid7")
