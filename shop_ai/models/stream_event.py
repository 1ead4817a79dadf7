"""What readers of an answer are told while it is written, where there is no Redis; gone minutes later."""

from __future__ import annotations

from django.db import models


class StreamEvent(models.Model):
    """No foreign key to the job: its check would lock the job's row, which belongs to the moves."""

    job = models.UUIDField()
    attempt = models.PositiveIntegerField()
    kind = models.CharField(max_length=16)
    """sentence, restart or end."""
    text = models.TextField(blank=True)
    state = models.CharField(max_length=16, blank=True)
    """What the job came to; of an end."""
    differs = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["job", "attempt", "id"], name="shop_ai_stream_job")]

    def __str__(self) -> str:
        return f"{self.job} #{self.attempt}: {self.kind}"
