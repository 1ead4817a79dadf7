"""Our tables. Moves of a job are functions of `shop_ai.models.moves`, decisions on a text of `decisions`."""

from __future__ import annotations

from shop_ai.models.attempt import Attempt
from shop_ai.models.batch import Batch
from shop_ai.models.guidance import Guidance
from shop_ai.models.idempotency import IdempotencyKey
from shop_ai.models.job import Job, Lane, State
from shop_ai.models.pause import Pause
from shop_ai.models.stream_event import StreamEvent
from shop_ai.models.suggestion import Suggestion
from shop_ai.models.sweep_mark import SweepMark
from shop_ai.models.worker_boot import WorkerBoot

__all__ = (
    "Attempt",
    "Batch",
    "Guidance",
    "IdempotencyKey",
    "Job",
    "Lane",
    "Pause",
    "State",
    "StreamEvent",
    "Suggestion",
    "SweepMark",
    "WorkerBoot",
)
