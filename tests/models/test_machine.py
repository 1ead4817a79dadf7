"""A state machine drives the real models through everything that can happen to a job, in any order.

TRUST invariants I1 to I7 are asked of the database after each step. HYPOTHESIS_PROFILE=chaos looks longer.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from demo_store.catalogue.models import Product
from shop_ai import jobs
from shop_ai.exceptions import Refused, TargetGone
from shop_ai.models import Job, Lane, Pause, State, Suggestion, moves
from shop_ai.models.finish import finish
from shop_ai.models.job import TERMINAL
from shop_ai.worker.run import Run
from tests.models.invariants import Watch
from tests.shop import Hand, edit, pass_time, product

NAMES = ("write_text", "draft_title")
FIELDS = {"write_text": "long_text", "draft_title": "meta_title"}
SOME = st.integers(0, 5)
WORKER = st.integers(0, 2)


class Process:
    """A worker that may crash, stall, and come back with old answers."""

    def __init__(self) -> None:
        self.hand = Hand()
        self.held: dict[Any, Job] = {}
        self.runs: dict[Any, tuple[Run, str]] = {}
        """Job → what was read for it, and the title at that moment."""


class Shop(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.rows = [product(f"Bowl {n}") for n in range(2)]
        self.workers = [Process() for _ in range(3)]
        self.looks: dict[Any, str] = {}
        """Job → what its field held when it was asked for last."""
        self.asked: set[str] = set()
        self.edited: set[tuple[str, str, str]] = set()
        self.watch = Watch()
        self.watch.rows(self.rows, written=("long_text", "meta_title", "updated_at", "title"))
        self.count = 0

    def teardown(self) -> None:
        try:
            self._settle()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    # -- the store and its people --------------------------------------------------------------

    @initialize(lane=st.sampled_from(Lane), crowded=st.booleans())
    def begin(self, lane: Lane, crowded: bool) -> None:
        """Most sequences are about jobs that run."""
        for name in NAMES:
            self.enqueue(name, 0, lane)
        if crowded:
            self.enqueue(NAMES[0], 1, Lane.BULK)
        self.claim(0, 3, None, True)

    @rule(name=st.sampled_from(NAMES), pick=SOME, lane=st.sampled_from(Lane))
    def enqueue(self, name: str, pick: int, lane: Lane) -> None:
        row = self._row(pick)

        queued = jobs.enqueue(name, row, lane=lane)

        job = Job.objects.get(skill=name, target_id=str(row.pk), state=State.QUEUED)
        assert queued.created + queued.coalesced == 1
        self.asked.add(job.twin)
        self.looks[job.pk] = self._text(row, name)

    @rule(pick=SOME)
    def edit_input(self, pick: int) -> None:
        edit(self._row(pick), title=self._new("Title"))

    @rule(pick=SOME, name=st.sampled_from(NAMES))
    def edit_target(self, pick: int, name: str) -> None:
        row = self._row(pick)
        edit(row, **{FIELDS[name]: self._new("By hand")})
        self.edited.add((row._meta.label_lower, str(row.pk), name))

    @precondition(lambda self: len(self.rows) > 1)
    @rule(pick=SOME)
    def delete_target(self, pick: int) -> None:
        row = self._row(pick)
        self.rows.remove(row)
        row.delete()

    @precondition(lambda self: Suggestion.objects.exists())
    @rule(pick=SOME, what=st.sampled_from(("apply", "dismiss", "revert")))
    def decide(self, pick: int, what: str) -> None:
        suggestion = self._pick(list(Suggestion.objects.order_by("created_at", "pk")), pick)
        before = {row.pk: self._text(row, suggestion.skill) for row in self._all()}

        try:
            getattr(jobs, what)(suggestion, by=None)
        except (Refused, TargetGone):
            assert before == {row.pk: self._text(row, suggestion.skill) for row in self._all()}
            return

        self._note_write(suggestion, by_person=what == "revert")

    # -- workers -------------------------------------------------------------------------------

    @rule(
        worker=WORKER,
        total=st.integers(1, 3),
        lanes=st.sampled_from((None, None, "interactive", "bulk")),
        read=st.booleans(),
    )
    def claim(self, worker: int, total: int, lanes: str | None, read: bool) -> None:
        process = self.workers[worker]
        caps = {lanes: 9} if lanes else None

        taken = process.hand.claim(total, caps=caps, idle=not process.held)

        assert len(taken) <= total
        assert len(taken) == 1 or all(job.worker_lost < moves.ALONE_FROM for job in taken)
        process.held |= {job.pk: job for job in taken}
        for job in taken:
            process.runs.pop(job.pk, None)
            if read:
                self._read(process, job)

    @precondition(lambda self: self._unread())
    @rule(pick=SOME)
    def read(self, pick: int) -> None:
        self._read(*self._pick(self._unread(), pick))

    def _read(self, process: Process, job: Job) -> None:
        try:
            run = process.hand.read(job)
        except TargetGone:
            moves.end(job, State.CANCELLED, kind="target_gone")
            self._drop(process, job)
            return
        process.runs[job.pk] = (run, Product.objects.get(pk=job.target_id).title)

    @precondition(lambda self: any(process.runs for process in self.workers))
    @rule(pick=SOME)
    def finish(self, pick: int) -> None:
        read = [(process, key) for process in self.workers for key in process.runs]
        process, key = self._pick(read, pick)
        job = process.held[key]
        self._finish(process, job, *process.runs[key])
        self._drop(process, job)

    @precondition(lambda self: any(process.held for process in self.workers))
    @rule(pick=SOME, how=st.sampled_from(("retry", "final", "decline", "release", "stop")))
    def give_up(self, pick: int, how: str) -> None:
        process, job = self._pick(self._held(), pick)
        ours = self._ours(job)
        unwanted = Job.objects.get(pk=job.pk).cancel_requested_at is not None

        moved = {
            "retry": lambda: moves.fail(job, kind="x", public="x", retryable=True),
            "final": lambda: moves.fail(job, kind="x", public="x", retryable=False),
            "decline": lambda: moves.end(job, State.DECLINED, kind="declined"),
            "release": lambda: moves.release(job),
            "stop": lambda: moves.stop(job),
        }[how]()

        assert moved == (ours and unwanted == (how == "stop"))
        self._drop(process, job)

    @rule(worker=WORKER)
    def renew(self, worker: int) -> None:
        process = self.workers[worker]

        held = moves.renew(process.hand.id, process.held)

        for job in list(process.held.values()):
            assert (held.get(job.pk, (0, False))[0] == job.attempt) == self._ours(job)
            if job.pk not in held:
                self._drop(process, job)

    @rule(worker=WORKER)
    def crash(self, worker: int) -> None:
        self.workers[worker] = Process()

    # -- housekeeping --------------------------------------------------------------------------

    @rule()
    def reap(self) -> None:
        moves.reap()
        moves.expire()

        assert self.watch.violations(overdue=0.0, edited=self._edited()) == []

    @rule(seconds=st.sampled_from((3.0, 31.0, 700.0)))
    def tick(self, seconds: float) -> None:
        pass_time(seconds)

    @rule(pick=SOME, ended=st.booleans())
    def cancel(self, pick: int, ended: bool) -> None:
        some = list(Job.objects.exclude(state__in=() if ended else TERMINAL).order_by("created_at", "pk"))
        if not some:
            return
        job = self._pick(some, pick)
        waits = job.state == State.QUEUED
        runs = job.state == State.RUNNING and job.cancel_requested_at is None

        assert jobs.cancel(Job.objects.filter(pk=job.pk)) == (int(waits), int(runs))

    @rule(name=st.sampled_from(("", *NAMES)))
    def pause(self, name: str) -> None:
        """Or take the pause away."""
        _, new = Pause.objects.get_or_create(skill=name, lane="", defaults={"reason": "x"})
        if not new:
            Pause.objects.filter(skill=name).delete()

    @invariant()
    def holds(self) -> None:
        assert self.watch.violations(asked=self.asked, edited=self._edited()) == []

    # -- what must follow ----------------------------------------------------------------------

    def _finish(self, process: Process, job: Job, run: Run, title: str) -> None:
        row = next((row for row in self.rows if str(row.pk) == job.target_id), None)
        ours = self._ours(job) and Job.objects.get(pk=job.pk).cancel_requested_at is None
        before = None if row is None else self._text(row, job.skill)
        same_input = row is not None and row.title == title
        same_target = before == self.looks[job.pk]
        answer = self._new("By the model")

        try:
            state = finish(job, process.hand.answer(run, **{next(iter(run.skill.writes)): answer}))
        except TargetGone:
            assert row is None
            moves.end(job, State.CANCELLED, kind="target_gone")
            return

        expected = State.SUCCEEDED if same_input and same_target else State.STALE
        assert state == (expected if ours else None)
        assert row is not None
        wrote = state == State.SUCCEEDED and not run.skill.approval
        assert self._text(row, job.skill) == (answer if wrote else before)
        if wrote:
            self._note_write(Suggestion.objects.get(job=job), by_person=False)
        if state == State.STALE and same_target and run.skill.staleness == "requeue":
            successor = Job.objects.get(twin=job.twin, state=State.QUEUED)
            self.looks.setdefault(successor.pk, self.looks[job.pk])

    def _settle(self) -> None:
        """Whatever happened, everything that was asked for comes to an end."""
        Pause.objects.all().delete()
        for _ in range(60):
            pass_time(700)
            moves.reap()
            process = Process()
            taken = process.hand.claim(5)
            for job in taken:
                try:
                    run = process.hand.read(job)
                except TargetGone:
                    moves.end(job, State.CANCELLED, kind="target_gone")
                    continue
                self._finish(process, job, run, Product.objects.get(pk=job.target_id).title)
            if not taken and not Job.objects.filter(state__in=(State.QUEUED, State.RUNNING)).exists():
                break
            moves.expire()
        assert self.watch.violations(settled=True, asked=self.asked, edited=self._edited()) == []

    # -- helpers -------------------------------------------------------------------------------

    def _ours(self, job: Job) -> bool:
        now = Job.objects.get(pk=job.pk)
        return (now.state, now.attempt, now.lease_owner) == (State.RUNNING, job.attempt, job.lease_owner)

    def _note_write(self, suggestion: Suggestion, *, by_person: bool) -> None:
        where = (suggestion.target_model, suggestion.target_id, suggestion.skill)
        (self.edited.add if by_person else self.edited.discard)(where)
        self._all()

    def _edited(self) -> set[tuple[str, str]]:
        return {(model, key) for model, key, _ in self.edited}

    def _held(self) -> list[tuple[Process, Job]]:
        return [(process, job) for process in self.workers for job in process.held.values()]

    def _unread(self) -> list[tuple[Process, Job]]:
        return [(process, job) for process, job in self._held() if job.pk not in process.runs]

    def _drop(self, process: Process, job: Job) -> None:
        process.held.pop(job.pk, None)
        process.runs.pop(job.pk, None)

    def _pick(self, things: list[Any], pick: int) -> Any:
        return things[pick % len(things)]

    def _row(self, pick: int) -> Any:
        return self._pick(self.rows, pick)

    def _all(self) -> list[Any]:
        for row in self.rows:
            row.refresh_from_db()
        return self.rows

    def _text(self, row: Any, name: str) -> str:
        row.refresh_from_db()
        return str(getattr(row, FIELDS[name]))

    def _new(self, what: str) -> str:
        self.count += 1
        return f"{what} {self.count}."


@pytest.mark.long
@pytest.mark.django_db
def test_nothing_is_lost_doubled_or_overwritten(shop):
    shop(DEADLINE=60.0)

    run_state_machine_as_test(Shop)
