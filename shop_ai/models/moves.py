"""Every change of a job's state, each one guarded UPDATE. Nobody else assigns `state`.

queued → running → succeeded | declined | dead | stale | expired | cancelled; release, retryable errors
and reaping lead back to queued. The guard of a running job is its fencing token (attempt and lease
owner): whoever lost the lease changes nothing. Times are the database's.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from shop_ai import signals
from shop_ai.conf import config
from shop_ai.failpoints import reach
from shop_ai.models.attempt import Attempt
from shop_ai.models.clock import later
from shop_ai.models.job import LIVE, Job, State, database
from shop_ai.models.pause import Pause

# -- guards ------------------------------------------------------------------------------------
# Conjuncts by name, so that a test can take each one out and see that it was needed.

Conjunct = Callable[[Job], Q]
CONJUNCTS: Mapping[str, Conjunct] = {
    "queued": lambda job: Q(state=State.QUEUED),
    "running": lambda job: Q(state=State.RUNNING),
    "live": lambda job: Q(state__in=LIVE),
    "attempt": lambda job: Q(attempt=job.attempt),
    "owner": lambda job: Q(lease_owner=job.lease_owner),
    "wanted": lambda job: Q(cancel_requested_at=None),
    "unwanted": lambda job: Q(cancel_requested_at__isnull=False),
    "available": lambda job: Q(available_at__lte=Now()),
    "in_time": lambda job: Q(deadline_at=None) | Q(deadline_at__gt=Now()),
    "overdue": lambda job: Q(deadline_at__lte=Now()),
    "expired_lease": lambda job: Q(lease_expires_at__lte=Now()),
}
HELD = ("running", "attempt", "owner")
GUARDS: dict[str, tuple[str, ...]] = {
    "claim": ("queued", "available", "in_time"),
    "finish": (*HELD, "wanted"),
    "fail": (*HELD, "wanted"),
    "release": (*HELD, "wanted"),
    "stop": (*HELD, "unwanted"),
    "reap_scan": ("running", "expired_lease"),
    "reap": ("running", "attempt", "expired_lease"),
    "expire": ("queued", "overdue"),
    "cancel": ("queued",),
    "ask_to_cancel": ("running", "wanted"),
}


def guard(move: str, job: Job | None = None) -> Q:
    """The condition under which the move may be made."""
    condition = Q()
    for name in GUARDS[move]:
        condition &= CONJUNCTS[name](job or Job())
    return condition


FREE: Mapping[str, Any] = {"write_key": None, "lease_owner": None, "lease_expires_at": None}


def move(name: str, job: Job, **changes: Any) -> bool:
    """One guarded UPDATE of one job; whether it was made."""
    return bool(Job.objects.filter(guard(name, job), pk=job.pk).update(**changes))


def close_attempt(job: Job, outcome: str, *, error: str = "", **figures: int) -> None:
    """Write down how the job's present attempt ended."""
    Attempt.objects.filter(job_id=job.pk, number=job.attempt, outcome="").update(
        outcome=outcome, error=error[:2000], finished_at=Now(), **figures
    )


def announce(job: Job) -> None:
    """Send `job_finished` after commit."""

    def send() -> None:
        signals.job_finished.send_robust(sender=Job, job=Job.objects.get(pk=job.pk))

    transaction.on_commit(send, using=database(), robust=True)


# -- queued → running --------------------------------------------------------------------------


def claim(
    owner: uuid.UUID, *, caps: Mapping[str, int], total: int, skills: Iterable[str], idle: bool
) -> list[Job]:
    """Take up to `total` jobs, at most `caps[lane]` of a lane, smallest rank first.

    A job that was lost twice with its worker is taken alone: only when `idle`, and nothing beside it;
    until then nothing is taken past it.
    """
    with transaction.atomic(using=database()):
        chosen = _choose(caps, total, list(skills), idle=idle)
        if not chosen:
            return []
        taken = _take(owner, chosen)
        reach("in_claim")
        return taken


def _choose(caps: Mapping[str, int], total: int, skills: list[str], *, idle: bool) -> list[Job]:
    busy = Job.objects.filter(write_key=OuterRef("slot"))
    ready = (
        Job.objects.filter(guard("claim"), skill__in=skills).exclude(Pause.blocked()).filter(~Exists(busy))
    )
    heads: list[Job] = []
    for lane, cap in caps.items():
        # Twice as many as fit: some share a row with a job before them.
        heads += ready.filter(lane=lane).order_by("rank", "id")[: 2 * min(cap, total)]
    heads.sort(key=lambda job: (job.rank, job.pk))
    left, slots, chosen = dict(caps), set(), []
    for job in heads:
        if job.worker_lost >= ALONE_FROM:
            return chosen or ([job] if idle else [])
        if len(chosen) < total and left[job.lane] > 0 and job.slot not in slots:
            chosen.append(job)
            slots.add(job.slot)
            left[job.lane] -= 1
    return chosen


def _take(owner: uuid.UUID, chosen: list[Job]) -> list[Job]:
    ids = [job.pk for job in chosen]
    # PostgreSQL: rows that another worker is taking are skipped. SQLite ignores the clause: the
    # immediate transaction has the database to itself.
    free = Job.objects.select_for_update(skip_locked=True).filter(guard("claim"), pk__in=ids)
    locked = list(free.values_list("pk", flat=True))
    try:
        with transaction.atomic(using=database()):
            _start(owner, locked)
    except IntegrityError:  # another worker has begun on one of these rows just now
        for pk in locked:
            try:
                with transaction.atomic(using=database()):
                    _start(owner, [pk])
            except IntegrityError:
                continue
    taken = list(
        Job.objects.filter(pk__in=locked, lease_owner=owner, state=State.RUNNING).order_by("rank", "id")
    )
    Attempt.objects.bulk_create(
        Attempt(job=job, number=job.attempt, worker=owner, started_at=Now()) for job in taken
    )
    return taken


def _start(owner: uuid.UUID, ids: list[uuid.UUID]) -> None:
    Job.objects.filter(guard("claim"), pk__in=ids).update(
        state=State.RUNNING,
        attempt=F("attempt") + 1,
        queue_key=None,
        write_key=F("slot"),
        lease_owner=owner,
        lease_expires_at=later(config().LEASE),
        started_at=Now(),
    )


ALONE_FROM = 2
"""Lost with its worker so often, a job runs alone."""


def renew(owner: uuid.UUID, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[int, bool]]:
    """Lengthen the worker's leases on these jobs: job → (attempt, whether somebody asked to cancel it).

    A job that is not in the answer was lost.
    """
    held = Job.objects.filter(state=State.RUNNING, lease_owner=owner, pk__in=list(ids))
    held.filter(cancel_requested_at=None).update(lease_expires_at=later(config().LEASE))
    rows = held.values_list("pk", "attempt", "cancel_requested_at")
    return {pk: (attempt, asked is not None) for pk, attempt, asked in rows}


def surrender(owner: uuid.UUID) -> int:
    """Let every lease of a worker that must die run out now, so that a reaper need not wait."""
    return Job.objects.filter(state=State.RUNNING, lease_owner=owner).update(lease_expires_at=Now())


# -- running → queued --------------------------------------------------------------------------


def release(job: Job) -> bool:
    """Give the job back uncharged, available at once."""
    return _back(job, "release", "released")


def fail(job: Job, *, kind: str, public: str, retryable: bool, error: str = "", **figures: int) -> bool:
    """An attempt that cost: back to the queue after a pause, or dead when it was the last."""
    charged = job.charged + 1
    if not retryable or charged >= config().MAX_ATTEMPTS:
        return end(job, State.DEAD, kind=kind, public=public, error=error, charged=charged, **figures)
    wait = min(600.0, config().BACKOFF * 2 ** (charged - 1)) * random.uniform(0.8, 1.2)  # noqa: S311
    return _back(
        job,
        "fail",
        "retry",
        error=error,
        changes={
            "charged": charged,
            "available_at": later(wait),
            "error_class": kind,
            "error_public": public,
        },
        **figures,
    )


def reap(limit: int = 500) -> int:
    """Bring back jobs whose lease ran out; how many. A third loss in isolation is the last."""
    with transaction.atomic(using=database()):
        expired = Job.objects.select_for_update(skip_locked=True).filter(guard("reap_scan"))
        found = list(expired.order_by("pk")[:limit])
        return sum(_reap_one(job) for job in found)


def _reap_one(job: Job) -> bool:
    lost = job.worker_lost + 1
    charged = min(job.charged + 1, config().MAX_ATTEMPTS)
    if job.cancel_requested_at is not None:
        return end(job, State.CANCELLED, by="reap", outcome="lost", kind="cancelled")
    if lost > ALONE_FROM:
        public = "The worker died three times while running this, the last time with nothing beside it."
        return end(
            job,
            State.DEAD,
            by="reap",
            outcome="lost",
            kind="worker_lost",
            public=public,
            charged=charged,
            worker_lost=lost,
        )
    return _back(job, "reap", "lost", changes={"worker_lost": lost, "charged": charged})


def _back(
    job: Job,
    guarded_by: str,
    outcome: str,
    *,
    error: str = "",
    changes: Mapping[str, Any] | None = None,
    **figures: int,
) -> bool:
    """Back to the queue. Where a newer twin waits already, that one does the work and this one ends."""
    queued = {"state": State.QUEUED, "queue_key": F("twin"), "available_at": Now(), **FREE, **(changes or {})}
    with transaction.atomic(using=database()):
        try:
            with transaction.atomic(using=database()):
                moved = move(guarded_by, job, **queued)
        except IntegrityError:
            return end(job, State.CANCELLED, by=guarded_by, outcome=outcome, kind="superseded", error=error)
        if moved:
            close_attempt(job, outcome, error=error, **figures)
        return moved


# -- running → the end -------------------------------------------------------------------------


def end(
    job: Job,
    state: State,
    *,
    by: str = "fail",
    outcome: str = "",
    kind: str = "",
    public: str = "",
    error: str = "",
    missing: Iterable[str] = (),
    charged: int | None = None,
    worker_lost: int | None = None,
    **figures: int,
) -> bool:
    """End a running job without a result: declined, dead or cancelled."""
    changes: dict[str, Any] = {"state": state, "error_class": kind, "error_public": public, **FREE}
    changes |= {"missing": list(missing), "finished_at": Now()}
    changes |= {} if charged is None else {"charged": charged}
    changes |= {} if worker_lost is None else {"worker_lost": worker_lost}
    with transaction.atomic(using=database()):
        moved = move(by, job, **changes)
        if moved:
            close_attempt(job, outcome or state.value, error=error or public, **figures)
            announce(job)
        return moved


def stop(job: Job) -> bool:
    """The worker has let go of a job that somebody asked to cancel."""
    return end(job, State.CANCELLED, by="stop", kind="cancelled", public="Cancelled while it ran.")


# -- queued → the end --------------------------------------------------------------------------


def cancel(jobs: Any) -> tuple[int, int]:
    """Cancel a queryset of jobs: queued ones at once, running ones within seconds; (ended, asked)."""
    with transaction.atomic(using=database()):
        ended = jobs.filter(guard("cancel")).update(
            state=State.CANCELLED,
            queue_key=None,
            finished_at=Now(),
            cancel_requested_at=Now(),
            error_class="cancelled",
            error_public="Cancelled before it began.",
        )
        asked = jobs.filter(guard("ask_to_cancel")).update(cancel_requested_at=Now())
        return ended, asked


def expire() -> int:
    """End queued jobs whose deadline has passed."""
    return Job.objects.filter(guard("expire")).update(
        state=State.EXPIRED,
        queue_key=None,
        finished_at=Now(),
        error_class="expired",
        error_public="Nobody was free in time.",
    )


# -- new ones ----------------------------------------------------------------------------------


def queue(rows: list[Job], *, raise_rank: bool) -> int:
    """Insert jobs; how many are new. A queued twin stays and takes the newer look at its target.

    With `raise_rank` a twin in a slower lane moves up to the newcomer's place.
    """
    Job.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["queue_key"], update_fields=["target_fp"]
    )
    ids = {job.pk for job in rows}
    created = set(Job.objects.filter(pk__in=ids).values_list("pk", flat=True))
    twins = [job for job in rows if job.pk not in created]
    if raise_rank:
        for job in twins:
            waiting = Job.objects.filter(guard("cancel"), queue_key=job.queue_key, rank__gt=job.rank)
            waiting.update(rank=job.rank, lane=job.lane, available_at=Now())
    return len(created)
