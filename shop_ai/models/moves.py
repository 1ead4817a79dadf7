"""Every change of a job's state, each one guarded UPDATE. Nobody else assigns `state`.

queued → running → succeeded | declined | dead | stale | expired | cancelled; release, retryable errors
and reaping lead back to queued. The guard of a running job is its fencing token (attempt and lease
owner; a row has an owner only while it runs, as a constraint sees to): whoever lost the lease changes
nothing. Times are the database's.
"""

from __future__ import annotations

import logging
import random
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Greatest, Least, Now

from shop_ai import signals
from shop_ai.conf import config
from shop_ai.failpoints import reach
from shop_ai.models.attempt import Attempt
from shop_ai.models.clock import later
from shop_ai.models.job import LIVE, Job, Lane, State, database
from shop_ai.models.pause import Pause

log = logging.getLogger("shop_ai.models")

CHUNK = 1000
"""Jobs to a statement."""

# -- guards ------------------------------------------------------------------------------------
# Conjuncts by name, so that a test can take each one out and see that it was needed.

Conjunct = Callable[[Job], Q]
CONJUNCTS: Mapping[str, Conjunct] = {
    "queued": lambda job: Q(state=State.QUEUED),
    "running": lambda job: Q(state=State.RUNNING),
    "attempt": lambda job: Q(attempt=job.attempt),
    "owner": lambda job: Q(lease_owner=job.lease_owner),
    "wanted": lambda job: Q(cancel_requested_at=None),
    "unwanted": lambda job: Q(cancel_requested_at__isnull=False),
    "available": lambda job: Q(available_at__lte=Now()),
    "in_time": lambda job: Q(deadline_at=None) | Q(deadline_at__gt=Now()),
    "overdue": lambda job: Q(deadline_at__lte=Now()),
    "expired_lease": lambda job: Q(lease_expires_at__lte=Now()),
}
HELD = ("attempt", "owner")
GUARDS: dict[str, tuple[str, ...]] = {
    "claim": ("queued", "available", "in_time"),
    "renew": ("owner", "wanted"),
    "surrender": ("owner",),
    "finish": (*HELD, "wanted"),
    "fail": (*HELD, "wanted"),
    "release": (*HELD, "wanted"),
    "stop": (*HELD, "unwanted"),
    "reap": ("attempt", "expired_lease", "wanted"),
    "reap_unwanted": ("expired_lease",),
    "expire": ("queued", "overdue"),
    "ask_to_cancel": ("running", "wanted"),
    "cancel": ("queued",),
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
    Attempt.objects.filter(job_id=job.pk, number=job.attempt).update(
        outcome=outcome, error=error[:2000], finished_at=Now(), **figures
    )


def announce(ids: Sequence[uuid.UUID]) -> None:
    """Send `job_finished` for each of these ended jobs, after commit and in one pass."""

    def send() -> None:
        if not signals.job_finished.has_listeners(Job):
            return
        for some in _chunks(ids):
            for job in Job.objects.filter(pk__in=some).order_by("pk"):
                signals.job_finished.send_robust(sender=Job, job=job)

    if ids:
        transaction.on_commit(send, using=database(), robust=True)


def _chunks(ids: Sequence[uuid.UUID]) -> Iterator[Sequence[uuid.UUID]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


# -- queued → running --------------------------------------------------------------------------


PATIENCE = 10.0
"""Seconds of rank by which jobs of the adapter in use pass others: a change-over costs everybody."""


def claim(
    owner: uuid.UUID,
    *,
    caps: Mapping[str, int],
    total: int,
    skills: Iterable[str],
    idle: bool,
    again: int,
    at_hand: Iterable[str] | None = None,
) -> list[Job]:
    """Take up to `total` jobs, at most `caps[lane]` of a lane, smallest rank first.

    Jobs of the skills `at_hand`, which are all unless given, go before those of the others that are less
    than PATIENCE older; where there is room for both, both are taken.
    At most `again` of them were lost with a worker before: a second death among many would leave as many
    suspects, each to be tried alone.
    A job that was lost twice with its worker is a suspect. It is taken alone: only when `idle`, and nothing
    beside it; until then nothing is taken past it. While workers die of other things, too, it is passed: it
    would look guilty of a death that it had no part in.
    """
    known = set(skills)
    near = known if at_hand is None else known & set(at_hand)
    with transaction.atomic(using=database()):
        heads = _heads(caps, total, known, near, fresh=again <= 0)
        chosen = _choose(heads, caps, total, idle=idle, again=again)
        if not chosen:
            return []
        taken = _take(owner, chosen)
        reach("in_claim")
        return taken


def waiting(lanes: Iterable[str]) -> bool:
    """Whether there may be something to claim in one of these lanes; far cheaper than to try."""
    return Job.objects.filter(state=State.QUEUED, lane__in=lanes, available_at__lte=Now()).exists()


def _heads(caps: Mapping[str, int], total: int, known: set[str], near: set[str], *, fresh: bool) -> list[Job]:
    """Who is first in each lane, and of those at hand, in the order in which they may be taken."""
    busy = Job.objects.filter(write_key=OuterRef("slot"))
    fair = Q(worker_lost=0) if fresh else Q(worker_lost__lt=ALONE_FROM) | ~Exists(_lost_lately())
    ready = Job.objects.filter(guard("claim"), fair, ~Pause.blocked(), ~Exists(busy))
    # PostgreSQL: what another worker is taking is skipped, so that this one finds the jobs behind.
    # SQLite ignores the clause: the immediate transaction has the database to itself.
    ready = ready.select_for_update(skip_locked=True)
    # Not those of the others by themselves: where there are none, all that is queued would be read for it.
    groups = [known] if near == known else [known, near]
    heads: dict[uuid.UUID, Job] = {}
    for lane, cap in caps.items():
        for group in filter(None, groups):
            # Twice as many as fit: some share a row with a job before them.
            first = ready.filter(lane=lane, skill__in=sorted(group)).order_by("rank", "id")
            heads |= {job.pk: job for job in first[: 2 * min(cap, total)]}
    wait = timedelta(seconds=PATIENCE)
    return sorted(
        heads.values(), key=lambda job: (job.rank if job.skill in near else job.rank + wait, job.pk)
    )


def _lost_lately() -> Any:
    return Attempt.objects.filter(outcome="lost", finished_at__gt=later(-CALM * config().LEASE))


def _choose(heads: list[Job], caps: Mapping[str, int], total: int, *, idle: bool, again: int) -> list[Job]:
    left, slots = dict(caps), set()
    chosen: list[Job] = []
    for job in heads:
        if job.worker_lost >= ALONE_FROM:
            return chosen or ([job] if idle else [])
        if job.worker_lost and again <= 0:
            continue
        if len(chosen) < total and left[job.lane] > 0 and job.slot not in slots:
            chosen.append(job)
            again -= bool(job.worker_lost)
            slots.add(job.slot)
            left[job.lane] -= 1
    return chosen


def _take(owner: uuid.UUID, chosen: list[Job]) -> list[Job]:
    ids = [job.pk for job in chosen]
    try:
        with transaction.atomic(using=database()):
            _start(owner, ids)
    except IntegrityError:  # another worker has begun on one of these rows just now
        for pk in ids:
            try:
                with transaction.atomic(using=database()):
                    _start(owner, [pk])
            except IntegrityError:
                continue
    taken = list(Job.objects.filter(pk__in=ids, lease_owner=owner).order_by("rank", "id"))
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
CALM = 4
"""Leases without a loss, one of which it takes to find a loss, until such a job is tried."""


def renew(owner: uuid.UUID, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[int, bool]]:
    """Lengthen the worker's leases on these jobs: job → (attempt, whether somebody asked to cancel it).

    A job that is not in the answer was lost.
    """
    asked = Job.objects.filter(pk__in=list(ids))
    asked.filter(guard("renew", Job(lease_owner=owner))).update(lease_expires_at=later(config().LEASE))
    rows = asked.filter(lease_owner=owner).values_list("pk", "attempt", "cancel_requested_at")
    return {pk: (attempt, unwanted is not None) for pk, attempt, unwanted in rows}


def surrender(owner: uuid.UUID) -> int:
    """Let every lease of a worker that must die run out now, so that a reaper need not wait."""
    held = Job.objects.filter(guard("surrender", Job(lease_owner=owner)))
    return held.update(lease_expires_at=Now())


# -- running → queued --------------------------------------------------------------------------


def release(job: Job, *, wait: float = 0.0) -> bool:
    """Give the job back uncharged, available at once or after so many seconds."""
    return _back(job, "release", "released", changes={"available_at": later(wait)} if wait else None)


def fail(job: Job, *, kind: str, public: str, retryable: bool, error: str = "") -> bool:
    """An attempt that cost: back to the queue after a pause, or dead when it was the last."""
    most = config().MAX_ATTEMPTS
    charged = min(job.charged + 1, most)
    if not retryable or charged == most:
        return end(job, State.DEAD, kind=kind, public=public, error=error, counts={"charged": charged})
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
    )


def reap(limit: int = 500) -> int:
    """Bring back jobs whose lease ran out; how many. A third loss in isolation is the last."""
    expired = Job.objects.filter(guard("reap_unwanted")).order_by("pk")
    return sum(_reaped(job) for job in list(expired[:limit]))


def _reaped(job: Job) -> bool:
    try:
        return _reap_one(job)
    except OperationalError:  # somebody holds a lock for long: the others need not wait for it
        log.warning("Job %s could not be reaped; the next round tries again.", job.pk, exc_info=True)
        return False


def _reap_one(job: Job) -> bool:
    """What was read of the job may be old by now: the guard decides."""
    if job.cancel_requested_at is not None:
        return end(job, State.CANCELLED, by="reap_unwanted", kind="cancelled")
    lost = job.worker_lost + 1
    counts = {"worker_lost": lost, "charged": min(job.charged + 1, config().MAX_ATTEMPTS)}
    if lost > ALONE_FROM:
        public = "The worker died three times while running this, the last time with nothing beside it."
        return end(
            job,
            State.DEAD,
            by="reap",
            kind="worker_lost",
            public=public,
            counts=counts,
        )
    # Behind those that wait in its lane: the next worker that is killed shall not hit the same jobs again,
    # and one that kills its worker lets the others through first.
    head_start = config().BULK_HEAD_START if job.lane == Lane.BULK else 0.0
    return _back(job, "reap", "lost", changes={**counts, "rank": later(head_start)})


def _back(
    job: Job,
    guarded_by: str,
    outcome: str,
    *,
    error: str = "",
    changes: Mapping[str, Any] | None = None,
) -> bool:
    """Back to the queue. Where a newer twin waits already, that one does the work and this one ends."""
    queued = {"state": State.QUEUED, "queue_key": F("twin"), "available_at": Now(), **FREE, **(changes or {})}
    with transaction.atomic(using=database()):
        try:
            with transaction.atomic(using=database()):
                moved = move(guarded_by, job, **queued)
        except IntegrityError:
            _hand_over(job, (changes or {}).get("worker_lost", job.worker_lost))
            return end(job, State.CANCELLED, by=guarded_by, kind="superseded", error=error)
        if moved:
            close_attempt(job, outcome, error=error)
        return moved


def _hand_over(job: Job, lost: int) -> None:
    """The waiting twin takes over this job's place in the queue, and the suspicion that it kills workers."""
    lane = {"lane": job.lane} if job.lane == Lane.INTERACTIVE else {}
    Job.objects.filter(queue_key=job.twin).update(
        rank=Least(F("rank"), _time(job.rank)), worker_lost=Greatest(F("worker_lost"), Value(lost)), **lane
    )


def _time(value: Any) -> Value:
    return Value(value, output_field=DateTimeField())


# -- running → the end -------------------------------------------------------------------------


def end(
    job: Job,
    state: State,
    *,
    by: str = "fail",
    kind: str = "",
    public: str = "",
    error: str = "",
    missing: Iterable[str] = (),
    counts: Mapping[str, int] | None = None,
) -> bool:
    """End a running job without a result: declined, dead or cancelled."""
    changes: dict[str, Any] = {"state": state, "error_class": kind, "error_public": public, **FREE}
    changes |= {"missing": list(missing), "finished_at": Now(), **(counts or {})}
    with transaction.atomic(using=database()):
        moved = move(by, job, **changes)
        if moved:
            outcome = "lost" if by.startswith("reap") else state.value
            close_attempt(job, outcome, error=error or public)
            announce([job.pk])
        return moved


def stop(job: Job) -> bool:
    """The worker has let go of a job that somebody asked to cancel."""
    return end(job, State.CANCELLED, by="stop", kind="cancelled", public="Cancelled while it ran.")


# -- queued → the end --------------------------------------------------------------------------


def cancel(jobs: Any) -> tuple[int, int]:
    """Cancel a queryset of jobs: queued ones at once, running ones within seconds; (ended, asked).

    They are locked first: a job that moves between the two UPDATEs would slip through both.
    """
    ended = asked = 0
    with transaction.atomic(using=database()):
        live = Job.objects.filter(pk__in=jobs.values("pk"), state__in=LIVE)
        held = dict(live.select_for_update().order_by("pk").values_list("pk", "state"))
        for keys in _chunks(list(held)):
            some = Job.objects.filter(pk__in=keys)
            asked += some.filter(guard("ask_to_cancel")).update(cancel_requested_at=Now())
            ended += some.filter(guard("cancel")).update(
                state=State.CANCELLED,
                queue_key=None,
                finished_at=Now(),
                cancel_requested_at=Now(),
                error_class="cancelled",
                error_public="Cancelled before it began.",
            )
        announce([pk for pk, state in held.items() if state == State.QUEUED])
    return ended, asked


def expire() -> int:
    """End queued jobs whose deadline has passed; how many."""
    ended = 0
    with transaction.atomic(using=database()):
        overdue = Job.objects.filter(guard("expire"))
        # What a worker is taking just now is in time, or comes next time.
        held = overdue.select_for_update(skip_locked=True).order_by("pk")
        ids = list(held.values_list("pk", flat=True))
        for keys in _chunks(ids):
            ended += overdue.filter(pk__in=keys).update(
                state=State.EXPIRED,
                queue_key=None,
                finished_at=Now(),
                error_class="expired",
                error_public="Nobody was free in time.",
            )
        announce(ids)
    return ended


# -- new ones ----------------------------------------------------------------------------------


def queue(rows: list[Job], *, raise_rank: bool, look_again: bool = True) -> int:
    """Insert jobs of one request; how many are new. A queued twin stays and serves this request, too.

    With `look_again` it may replace what its target holds now; with `raise_rank` it moves up to the
    newcomer's place and need not wait any longer.
    """
    if look_again:
        Job.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["queue_key"], update_fields=["target_fp"]
        )
    else:
        Job.objects.bulk_create(rows, ignore_conflicts=True)
    created = set(Job.objects.filter(pk__in=[job.pk for job in rows]).values_list("pk", flat=True))
    twins = [job.queue_key for job in rows if job.pk not in created]
    if twins:
        Job.objects.filter(queue_key__in=twins).update(**_served(rows[0], raise_rank))
    return len(created)


def _served(new: Job, raise_rank: bool) -> dict[str, Any]:
    """What changes on a queued job that is asked for once more: it expires with the last who waits for it."""
    never = When(deadline_at=None, then=F("deadline_at"))  # typed, as PostgreSQL asks
    changes: dict[str, Any] = {"deadline_at": Case(never, default=_time(new.deadline_at))}
    if raise_rank:
        rank = Least(F("rank"), _time(new.rank))
        changes |= {"rank": rank, "lane": new.lane, "available_at": Now()}
    return changes
