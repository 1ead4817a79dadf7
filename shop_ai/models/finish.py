"""The end of a job that has an answer: fence, freshness and write-back in ONE transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models.functions import Now

from shop_ai import signals
from shop_ai.conf import config
from shop_ai.exceptions import TargetGone
from shop_ai.failpoints import reach
from shop_ai.models import moves
from shop_ai.models.clock import now
from shop_ai.models.job import Job, Lane, State, database, uuid7
from shop_ai.models.queueing import patience, targets
from shop_ai.models.suggestion import Decision, Suggestion
from shop_ai.roles import Binding, binding_for, fingerprint
from shop_ai.roles.values import Values, canonical
from shop_ai.safety.html import paragraphs, plain
from shop_ai.safety.markdown import escaped
from shop_ai.safety.text import fit
from shop_ai.skills import Answer, Skill, skill


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the worker read of the row: the dotted fields, their fingerprint, and what else decided."""

    fields: tuple[str, ...]
    fingerprint: str
    """Made by `facts_of`."""
    language: str
    extra: tuple[Any, ...]


def facts_of(values: Values, fields: Iterable[str], language: str, extra: Iterable[Any]) -> str:
    """Fingerprint of everything that decides an answer: the facts, the language, and the rest."""
    return fingerprint(values, fields, language, *extra)


def facts_now(
    binding: Binding, row: models.Model, wanted: str, fields: Iterable[str], extra: Iterable[Any]
) -> str:
    """The same of the row as it stands; without a language that was asked for, the row's own counts."""
    language = wanted or binding.language(row)
    return facts_of(binding.values(row, language), fields, language, extra)


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
    """The binding of that model; `TargetGone` when the store, or its settings, have it no longer."""
    try:
        found = binding_for(apps.get_model(target_model))
    except LookupError:
        found = None
    if found is None:
        raise TargetGone(f"{target_model} is no longer bound to a role.")
    return found


@contextmanager
def together(binding: Binding) -> Iterator[None]:
    """One transaction over our tables and the store's row; a role that is read-only may live elsewhere."""
    with ExitStack() as stack:
        for alias in dict.fromkeys((database(), binding.using)):
            stack.enter_context(transaction.atomic(using=alias))
        yield


def stored(binding: Binding, name: str, text: str) -> Any:
    """The text in the form the store keeps it; points of a list as a list in a JSON column."""
    if isinstance(binding.column(name), models.JSONField):
        return [line.removeprefix("- ") for line in text.splitlines() if line]
    form = FORMS.get(binding.fields[name].FORMAT)
    return form(text) if form else text


FORMS: Mapping[str, Callable[[str], str]] = {"html": paragraphs, "markdown": escaped}


def fitted(binding: Binding, name: str, text: str) -> str:
    """The text cut so that the field takes it, its markup included."""
    limit = binding.max_length(name)
    text = fit(text, limit)
    while limit is not None and (over := len(stored(binding, name, text)) - limit) > 0:
        text = fit(text, max(0, len(text) - over))
    return text


def as_stored(binding: Binding, texts: Mapping[str, Any]) -> dict[str, Any]:
    """Sanitised once more on its way out, in the form and of the length the store keeps."""
    return {
        name: stored(binding, name, fitted(binding, name, plain(value))) if isinstance(value, str) else value
        for name, value in texts.items()
    }


def staleness(asked: Skill) -> str:
    """requeue, suggest or ignore: what the store wants where facts changed under an answer."""
    return config().STALENESS.get(asked.name, asked.staleness)


def finish(job: Job, result: Result) -> State | None:
    """Store the answer; the state reached, or None when the lease was lost and nothing was written.

    Lock order is always the store's row, then the job. `TargetGone` when the row was deleted.
    """
    asked, binding = skill(job.skill), binding_of(job.target_model)
    try:
        with together(binding):
            return _finish(job, asked, binding, result)
    except _Fenced:
        return None


def _finish(job: Job, asked: Skill, binding: Binding, result: Result) -> State:
    row = binding.lock(job.target_id)
    written, reading = targets(asked, binding), result.reading
    seen_now = facts_now(binding, row, job.language, reading.fields, reading.extra)
    same_input = seen_now == reading.fingerprint or staleness(asked) == "ignore"
    same_target = binding.target_fingerprint(row, written, job.language or None) == job.target_fp
    fresh = same_input and same_target
    state = State.SUCCEEDED if fresh or job.preview is not None else State.STALE
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
    if job.preview is not None:
        moves.announce([job.pk])
        return state
    reason = "" if state == State.SUCCEEDED else _reason(same_input, same_target)
    before = {name: canonical(binding.value(row, name, reading.language)) for name in written}
    suggestion = _suggest(job, asked, result, before=before, stale_reason=reason)
    if suggestion.state == Decision.APPLIED:
        binding.write(row, as_stored(binding, suggestion.applied), reading.language)
        Suggestion.objects.filter(pk=suggestion.pk).update(**written_now(suggestion, binding))
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
    results = {name: value for name, value in asked.results(answer.output).items() if name in before}
    binding = binding_of(job.target_model)
    after = {
        name: fitted(binding, name, value) if isinstance(value, str) else canonical(value)
        for name, value in results.items()
    }
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
        facts_fp=result.reading.fingerprint,
        candidates=[canonical(asked.results(one)) for one in answer.candidates],
        raw=list(result.raw),
        provenance={
            **result.provenance,
            "fields": list(result.reading.fields),
            "extra": list(result.reading.extra),
        },
    )


def written_now(suggestion: Suggestion, binding: Binding) -> dict[str, str]:
    """Fingerprints of the row just after a write, as the store kept it: what later changes are seen by.

    The text may be among the facts it was made from, and the store may keep a value in its own way.
    """
    row, made_from = binding.by_pk(suggestion.target_id).get(), suggestion.provenance
    fields, extra = made_from.get("fields", ()), made_from.get("extra", ())
    return {
        "applied_fp": binding.target_fingerprint(row, list(suggestion.after), suggestion.language),
        "facts_fp": facts_now(binding, row, suggestion.job.language, fields, extra),
    }


def _successor(job: Job, asked: Skill) -> None:
    """Where the facts changed and nobody touched the text, the policy may ask for a new answer."""
    if staleness(asked) == "requeue":
        _again(job)


def _again(job: Job) -> None:
    """Queue a new job for the same; the text it may replace is still the one the ended job knew.

    A twin that waits knows a newer text, and stays as it is.
    """
    at = now(database())
    available = at + timedelta(seconds=patience(job))
    copied = (
        "skill",
        "target_model",
        "target_id",
        "language",
        "params",
        "owner_id",
        "batch_id",
        "lane",
        "twin",
    )
    copy = {name: getattr(job, name) for name in (*copied, "slot", "target_fp")}
    new = Job(id=uuid7(), rank=at, available_at=available, queue_key=job.twin, **copy)
    moves.queue([new], raise_rank=job.lane == Lane.INTERACTIVE, look_again=False)


def _announce(job: Job, suggestion: Suggestion) -> None:
    def send() -> None:
        if not signals.suggestion_ready.has_listeners(Suggestion):
            return
        stored = Suggestion.objects.get(pk=suggestion.pk)
        signals.suggestion_ready.send_robust(sender=Suggestion, suggestion=stored)

    moves.announce([job.pk])
    transaction.on_commit(send, using=database(), robust=True)
