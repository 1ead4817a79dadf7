"""The loop of a worker: keeps the backend full and stores each answer as it comes.

It looks at the table on every ring, whenever a part of the backend's room is free, every 0.2 s while work
runs, and every few seconds when idle: without a broker it is slower, not broken.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from typing import Any

from django.db import DatabaseError, InterfaceError, connections
from pydantic import ValidationError

from shop_ai.conf import config
from shop_ai.exceptions import (
    AdapterError,
    BackendError,
    DeadBackend,
    Declined,
    InvalidOutput,
    RequestTooLarge,
    ShopAIError,
    TargetGone,
    Unfit,
    Unsupported,
    UnsupportedRequest,
)
from shop_ai.failpoints import reach
from shop_ai.lm.base import Backend
from shop_ai.models import Job, Lane, State, moves
from shop_ai.models.finish import finish
from shop_ai.models.guidance import InForce
from shop_ai.skills import skills
from shop_ai.worker.breaker import Breaker
from shop_ai.worker.publisher import Publisher
from shop_ai.worker.run import RE_ASKS, Run, load, prepare

log = logging.getLogger("shop_ai.worker")

BUSY_LOOK = 0.2
PART = 8
"""Taking jobs costs the processor, which the language model may be using, the same for one as for many: so
it waits until an eighth of the room is free."""
STORE_TRIES = 3
LAST_WORDS = 2.0
"""Seconds that a worker that stops waits for what readers are still to be told."""
ENDINGS: Mapping[type[Exception], tuple[State, str]] = {
    Declined: (State.DECLINED, "declined"),
    TargetGone: (State.CANCELLED, "target_gone"),
    RequestTooLarge: (State.DEAD, "too_large"),
    AdapterError: (State.DEAD, "adapter"),
    Unsupported: (State.DECLINED, "unsupported"),
    InvalidOutput: (State.DEAD, "invalid_output"),
    UnsupportedRequest: (State.DEAD, "unsupported"),
    ValidationError: (State.DEAD, "bad_options"),
    Unfit: (State.DEAD, "refused"),
}
"""Errors that trying again cannot mend."""


class Worker:
    """Runs jobs of some lanes on one backend. `id` is new at every start: it owns the leases."""

    def __init__(self, backend: Backend, lanes: Sequence[str] = tuple(Lane.values)) -> None:
        self.id = uuid.uuid4()
        self.backend = backend
        self.lanes = tuple(lanes)
        self.runs: dict[uuid.UUID, Run] = {}
        self._unbegun: dict[uuid.UUID, Job] = {}
        """Claimed, and not among the runs yet."""
        self.breaker = Breaker()
        self.publisher = Publisher()
        self.stale_attempts = 0
        """Answers that were thrown away because another attempt has the job."""
        self._width = 1
        """Rows of the backend that a job took lately: nobody knows before its row is read."""
        self._bell = threading.Event()
        self._rung = True
        self._dry: set[str] = set()
        """Lanes in which the last look found less than there was room for."""
        self._looked_at = 0.0
        self._renewed_at = 0.0
        self._stop_by: float | None = None

    # -- from other threads --------------------------------------------------------------------

    def ring(self) -> None:
        """Look at the table now."""
        self._rung = True
        self._bell.set()

    def stop(self, grace: float, *, ring: bool = True) -> None:
        """Take nothing new; finish what runs within `grace` seconds, then give it back.

        Asked twice, the earlier end counts. A signal handler must not ring: the thread it interrupted may
        be holding the bell's lock.
        """
        by = time.monotonic() + grace
        self._stop_by = by if self._stop_by is None else min(by, self._stop_by)
        if ring:
            self._bell.set()

    @property
    def stopping(self) -> bool:
        return self._stop_by is not None

    # -- the loop ------------------------------------------------------------------------------

    def run(self) -> None:
        """Work until `stop`; whatever happens to the database or one job, go on."""
        while self.runs or self._unbegun or not self.stopping:
            if self._stop_by is not None and time.monotonic() > self._stop_by:
                self.give_back()
                break
            try:
                self.step()
            except (DatabaseError, InterfaceError):
                log.warning("The database does not answer; trying again.", exc_info=True)
                connections.close_all()
                self._bell.wait(1.0)
            except DeadBackend:
                raise
            except Exception:
                log.exception("The loop stumbled; it goes on.")
                connections.close_all()
                self._bell.wait(1.0)
            self.wait()
        self.publisher.flush(LAST_WORDS)
        connections.close_all()

    def step(self) -> int:
        """Store what is done, then take what fits; how many were taken."""
        self._return_unbegun()
        self.collect()
        return 0 if self.stopping or not self._due() else self.fill()

    def _due(self) -> bool:
        """Whether a look at the table is worth what it costs."""
        now, free = time.monotonic(), self.backend.room - self._used()
        more = free >= max(1, self.backend.room // PART) and not self._dry.issuperset(self.lanes)
        if self._rung or not self.runs or more:
            self._rung, self._looked_at = False, now
            return True
        if now - self._looked_at < BUSY_LOOK:
            return False
        self._looked_at = now
        # bulk that was there waits for more room; what came without a ring shows here
        return moves.waiting({*self.lanes} - {Lane.BULK} | self._dry)

    def _used(self) -> int:
        """Rows of the backend that are taken."""
        return sum(run.rows for run in self.runs.values())

    def wait(self) -> None:
        self._bell.wait(BUSY_LOOK if self.runs else config().IDLE_LOOK)
        self._bell.clear()

    def work_off(self, *, timeout: float = 3600.0) -> None:
        """Run in this thread until nothing claimable is left; for `ai_run --now` and tests.

        There may be no renewer beside it, so it renews its leases itself.
        """
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            taken = self.step()
            if not self.runs and not taken:
                break
            if time.monotonic() - self._renewed_at > min(2.0, config().LEASE / 4):
                self.renew()
            if self.runs:
                self._bell.wait(BUSY_LOOK)
                self._bell.clear()
        self.give_back()
        self.publisher.flush(LAST_WORDS)

    # -- keeping -------------------------------------------------------------------------------

    def renew(self) -> None:
        """Lengthen the leases, and see which jobs were lost or are no longer wanted."""
        runs = dict(self.runs)
        held = moves.renew(self.id, runs) if runs else {}
        self._renewed_at = time.monotonic()
        for pk, run in runs.items():
            attempt, unwanted = held.get(pk, (0, False))
            run.lost = attempt != run.job.attempt
            run.unwanted = unwanted
            if run.lost or unwanted:
                self.ring()

    def silent_since(self) -> float | None:
        """`time.monotonic()` of the last sign of life while the language model owes an answer."""
        asked = [run.submitted_at for run in dict(self.runs).values() if not run.done]
        return max(self.backend.progressed_at, min(asked)) if asked else None

    # -- taking --------------------------------------------------------------------------------

    def fill(self) -> int:
        """Claim as many jobs as there is free room for, and submit them; how many were taken."""
        alone = any(run.job.worker_lost >= moves.ALONE_FROM for run in self.runs.values())
        room = 0 if alone else self.breaker.allows(self.backend.room - self._used(), len(self.runs))
        if room <= 0:
            return 0
        total, caps = -(-room // self._width), self._caps()
        jobs = moves.claim(
            self.id,
            caps=caps,
            total=total,
            skills=list(skills()),
            at_hand=self._at_hand(),
            idle=not self.runs,
            again=self._again(),
        )
        taken = Counter(job.lane for job in jobs)
        self._dry = {lane for lane in caps if taken[lane] < caps[lane]} if len(jobs) < total else set()
        self._unbegun = {job.pk: job for job in jobs}
        if jobs:
            rows, guidance = self._loaded(jobs), InForce.read()
            for job in jobs:
                self._begin(job, rows, guidance)
                del self._unbegun[job.pk]
            widths = [self.runs[job.pk].width for job in jobs if job.pk in self.runs]
            self._width = max(1, round(sum(widths) / len(widths))) if widths else self._width
        return len(jobs)

    def _again(self) -> int:
        """How many more that were lost with a worker before: they have a quarter of the room."""
        lost = sum(run.rows for run in self.runs.values() if run.job.worker_lost)
        return (max(self._width, self.backend.room // 4) - lost) // self._width

    def _at_hand(self) -> list[str]:
        """Skills whose adapter the backend has in use."""
        return [name for name, asked in skills().items() if self.backend.at_hand(asked.adapter)]

    def _loaded(self, jobs: Sequence[Job]) -> Mapping[str, Any] | None:
        try:
            return load(jobs)
        except Exception:  # then each by itself: whose row it was shows there
            log.warning("%s rows could not be read together.", len(jobs), exc_info=True)
            return None

    def _begin(self, job: Job, rows: Mapping[str, Any] | None, guidance: InForce) -> None:
        before = self.runs.pop(job.pk, None)
        if before is not None:  # lost without our noticing, and claimed again by ourselves
            before.drop()
        with self._endings(job):
            run = prepare(job, load([job]) if rows is None else rows, self.backend, guidance)
            if run.skill.streams:
                run.speech = self.publisher.open(job, run.skill, run.subject)
            self.runs[job.pk] = run
            self._submit(run)

    def _return_unbegun(self) -> None:
        """Give back, uncharged, what was claimed just before the database went away."""
        for job in list(self._unbegun.values()):
            if not moves.release(job):
                moves.stop(job)
            del self._unbegun[job.pk]

    def _caps(self) -> dict[str, int]:
        """How many more of each lane: a little room is always kept for interactive, a tenth for bulk."""
        room = self.backend.room
        kept = {Lane.INTERACTIVE: max(1, room // 16), Lane.BULK: max(1, room // 10)} if room > 2 else {}
        caps = {}
        for lane in self.lanes:
            others = sum(kept.get(Lane(other), 0) for other in self.lanes if other != lane)
            mine = sum(run.rows for run in self.runs.values() if run.job.lane == lane)
            caps[lane] = max(0, -(-(room - others - mine) // self._width))
        return caps

    def _submit(self, run: Run) -> None:
        run.submit(self.backend)
        for future in run.futures:
            future.add_done_callback(lambda _: self._bell.set())

    # -- storing -------------------------------------------------------------------------------

    def collect(self) -> None:
        """Store every answer that is there, and let go of what was lost or is no longer wanted."""
        for run in list(self.runs.values()):
            if run.lost:
                self._forget(run)
                self.stale_attempts += 1
            elif run.unwanted:
                self._forget(run)
                moves.stop(run.job)
            elif run.done:
                self._store(run)

    def _forget(self, run: Run) -> None:
        run.drop()
        self.runs.pop(run.job.pk, None)

    def _store(self, run: Run) -> None:
        with self._endings(run.job):
            try:
                result = run.result(self.backend)
                self.breaker.succeeded()
                state = finish(run.job, result)
            except InvalidOutput:
                self.breaker.succeeded()
                if run.asked >= RE_ASKS:
                    raise
                run.asked += 1
                self._submit(run)
                return
            except (DatabaseError, InterfaceError):
                self._keep_for_later(run)
                return
            reach("after_commit")
            if state is None:
                self._settle_fenced(run)
            self._forget(run)

    def _keep_for_later(self, run: Run) -> None:
        """The answer stays in memory while its lease lives; a living database's lasting refusal ends it."""
        run.tries += 1
        if run.tries > STORE_TRIES:
            public = "The result could not be stored."
            if not moves.fail(run.job, kind="database", public=public, retryable=True):
                moves.stop(run.job)
            self._forget(run)
            return
        log.warning("Storing job %s failed; it is tried again.", run.job.pk, exc_info=True)
        connections.close_all()

    def _settle_fenced(self, run: Run) -> None:
        """Nothing was written: either somebody cancelled the job, or another attempt has it."""
        if not moves.stop(run.job):
            self.stale_attempts += 1
            log.warning("Job %s was taken over; this answer is dropped.", run.job.pk)

    def give_back(self) -> None:
        """Release everything, uncharged."""
        for run in list(self.runs.values()):
            self._forget(run)
            with contextlib.suppress(DatabaseError, InterfaceError):
                if not moves.release(run.job):
                    moves.stop(run.job)
        with contextlib.suppress(DatabaseError, InterfaceError):
            self._return_unbegun()

    # -- endings -------------------------------------------------------------------------------

    def _endings(self, job: Job) -> contextlib.AbstractContextManager[None]:
        return _Endings(self, job)

    def settle(self, job: Job, error: BaseException) -> None:
        """End, retry or release a job by what went wrong with it."""
        if not self._moved(job, error):
            moves.stop(job)
        run = self.runs.pop(job.pk, None)
        if run is not None:
            run.drop()
        self.ring()  # there is room again

    def _moved(self, job: Job, error: BaseException) -> bool:
        if isinstance(error, CancelledError):
            return moves.release(job)
        if isinstance(error, DeadBackend):  # as if this process had died: one of its jobs may be the reason
            moves.surrender(self.id)
            self.runs.clear()
            raise error
        for kind, (state, name) in ENDINGS.items():
            if isinstance(error, kind):
                missing = getattr(error, "missing", ())
                return moves.end(job, state, kind=name, public=public(error), missing=missing)
        if isinstance(error, BackendError):
            known = self.breaker.is_open
            self.breaker.failed()
            if known:  # no fault of the job's: it waits with the others, after them
                return moves.release(job, wait=self.breaker.pause)
        log.error("Job %s failed.", job.pk, exc_info=error, extra={"job_id": str(job.pk)})
        kind_of = type(error).__name__
        return moves.fail(job, kind=kind_of, public=public(error), retryable=True, error=repr(error))


class _Endings(contextlib.AbstractContextManager[None]):
    """Turns an exception of one job into that job's end; a database that is away makes that fail, too."""

    def __init__(self, worker: Worker, job: Job) -> None:
        self.worker, self.job = worker, job

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if not isinstance(error, Exception):
            return False
        self.worker.settle(self.job, error)
        return True


def public(error: BaseException) -> str:
    """A sentence for a shop manager."""
    if isinstance(error, ShopAIError):
        return str(error)
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return f"Unexpected error ({type(error).__name__}); the worker's log has the details."
