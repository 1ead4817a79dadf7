"""The end of a job that has an answer: fence, freshness and write-back in ONE transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models.functions import Now

from shop_ai import signals
from shop_ai.conf import config
from shop_ai.exceptions import TargetGone
from shop_ai.failpoints import reach
from shop_ai.models import moves
from shop_ai.models.clock import now
from shop_ai.models.job import Job, State, database, uuid7
from shop_ai.models.suggestion import Decision, Suggestion
from shop_ai.roles import Binding, binding_for, fingerprint
from shop_ai.roles.values import canonical
from shop_ai.skills import Answer, Skill, skill


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the worker read of the row: the dotted fields, their fingerprint, and what else decided."""

    fields: tuple[str, ...]
    fingerprint: str
    language: str
    extra: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A skill's answer with where it came from."""

    answer: Answer
    reading: Reading
    raw: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    milliseconds: int = 0


class _Fenced(Exception):
    """Rolls the transaction back."""


def binding_of(target_model: str) -> Binding:
    found = binding_for(apps.get_model(target_model))
    if found is None:
        raise TargetGone(f"{target_model} is no longer bound to a role.")
    return found


def finish(job: Job, result: Result) -> State | None:
    """Store the answer; the state reached, or None when the lease was lost and nothing was written.

    Lock order is always the store's row, then the job. `TargetGone` when the row was deleted.
    """
    asked = skill(job.skill)
    try:
        with transaction.atomic(using=database()):
            return _finish(job, asked, binding_of(job.target_model), result)
    except _Fenced:
        return None


def _finish(job: Job, asked: Skill, binding: Binding, result: Result) -> State:
    row = binding.lock(job.target_id)
    targets = [name for name in asked.writes.values() if name in binding.fields]
    reading = result.reading
    seen_now = fingerprint(binding.values(row, reading.language), reading.fields, *reading.extra)
    same_input = seen_now == reading.fingerprint
    same_target = binding.target_fingerprint(row, targets, job.language or None) == job.target_fp
    state = State.SUCCEEDED if same_input and same_target else State.STALE
    reach("before_commit")
    moved = moves.move(
        "finish",
        job,
        state=state,
        input_fp=reading.fingerprint,
        output=result.answer.output.model_dump(mode="json"),
        error_class="",
        error_public="",
        finished_at=Now(),
        **moves.FREE,
    )
    if not moved:
        raise _Fenced
    figures = {name: getattr(result, name) for name in ("tokens_in", "tokens_out", "milliseconds")}
    moves.close_attempt(job, state.value, **figures)
    reason = "" if state == State.SUCCEEDED else _reason(same_input, same_target)
    before = {name: canonical(binding.value(row, name, reading.language)) for name in targets}
    suggestion = _suggest(job, asked, result, before=before, stale_reason=reason)
    if state == State.SUCCEEDED and not asked.approval:
        binding.write(row, suggestion.applied, reading.language)
    if state == State.STALE and same_target:
        _successor(job, asked)
    _announce(job, suggestion)
    return state


def _reason(same_input: bool, same_target: bool) -> str:
    changed = [] if same_input else ["The facts were changed while this was written."]
    changed += [] if same_target else ["The text was changed by somebody after this was asked for."]
    return " ".join(changed)


def _suggest(
    job: Job, asked: Skill, result: Result, *, before: dict[str, Any], stale_reason: str
) -> Suggestion:
    """Keep the answer; what waited for this field so far is replaced by it."""
    answer = result.answer
    same = Suggestion.objects.filter(
        skill=job.skill,
        target_model=job.target_model,
        target_id=job.target_id,
        language=result.reading.language,
        state=Decision.WAITING,
    )
    same.update(state=Decision.SUPERSEDED, decided_at=Now())
    after = {name: canonical(value) for name, value in asked.results(answer.output).items() if name in before}
    at_once = not asked.approval and not stale_reason
    return Suggestion.objects.create(
        job=job,
        skill=job.skill,
        target_model=job.target_model,
        target_id=job.target_id,
        language=result.reading.language,
        state=Decision.APPLIED if at_once else Decision.WAITING,
        decided_at=Now() if at_once else None,
        stale=bool(stale_reason),
        stale_reason=stale_reason,
        before=before,
        after=after,
        applied=after if at_once else {},
        candidates=[canonical(asked.results(one)) for one in answer.candidates],
        raw=list(result.raw),
        provenance={
            **result.provenance,
            "fields": list(result.reading.fields),
            "extra": list(result.reading.extra),
        },
    )


def _successor(job: Job, asked: Skill) -> None:
    """Where the facts changed and nobody touched the text, the policy may ask for a new answer."""
    if config().STALENESS.get(asked.name, asked.staleness) == "requeue":
        _again(job)


def _again(job: Job) -> None:
    """Queue a new job for the same; the text it may replace is still the one the ended job knew."""
    at = now(database())
    copied = ("skill", "target_model", "target_id", "language", "params", "owner_id", "batch_id", "lane", "twin")
    copy = {name: getattr(job, name) for name in (*copied, "slot", "target_fp")}
    new = Job(id=uuid7(), rank=at, available_at=at, queue_key=job.twin, **copy)
    moves.queue([new], raise_rank=False)


def _announce(job: Job, suggestion: Suggestion) -> None:
    def send() -> None:
        stored = Suggestion.objects.get(pk=suggestion.pk)
        signals.suggestion_ready.send_robust(sender=Suggestion, suggestion=stored)

    moves.announce(job)
    transaction.on_commit(send, using=database(), robust=True)
