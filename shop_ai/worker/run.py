"""One job between its claim and its end: what was read, what was asked, what came back."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError

from shop_ai.exceptions import Declined, TargetGone
from shop_ai.lm.base import Backend, Completion, Generate, Request
from shop_ai.models import Job, Lane
from shop_ai.models.finish import Reading, Result, binding_of, facts_of
from shop_ai.models.guidance import InForce
from shop_ai.roles import Binding, Values
from shop_ai.skills import Answer, Skill, Subject, skill
from shop_ai.skills.guidance import Guidance
from shop_ai.worker.speech import Speech

RE_ASKS = 2
"""How often an answer of the wrong form is asked for again."""


@dataclass(slots=True)
class Run:
    job: Job
    skill: Skill
    subject: Subject
    values: Values
    extra: tuple[Any, ...]
    requests: tuple[Request, ...]
    futures: list[Future[Completion]] = field(default_factory=list)
    asked: int = 0
    tries: int = 0
    """How often storing the answer failed."""
    lost: bool = False
    unwanted: bool = False
    answer: Answer | None = None
    submitted_at: float = 0.0
    """`time.monotonic()` of the last submission."""
    guided_by: list[str] = field(default_factory=list)
    """Versions of the guidance."""
    speech: Speech | None = None
    """What readers are told, where the skill streams."""

    @property
    def done(self) -> bool:
        return all(future.done() for future in self.futures)

    @property
    def width(self) -> int:
        """Rows this takes in the backend when none of its requests is answered."""
        return sum(map(rows_of, self.requests))

    @property
    def rows(self) -> int:
        """Rows this takes in the backend now: what is answered makes room for the next job."""
        asked = zip(self.requests, self.futures, strict=True)
        return sum(rows_of(request) for request, future in asked if not future.done())

    def submit(self, backend: Backend) -> None:
        """Ask; each further time with another seed."""
        self.futures = []
        self.submitted_at = time.monotonic()
        urgent = self.job.lane == Lane.INTERACTIVE
        requests = [replace(again(request, self.asked), urgent=urgent) for request in self.requests]
        if self.speech is not None and requests:
            heard = self.speech.listen(requests[0])
            requests[0] = heard if backend.stream else requests[0]
        for request in requests:
            self.futures.append(backend.submit(request))

    def drop(self) -> None:
        """Let go of what the backend still does for this."""
        for future in self.futures:
            future.cancel()
        if self.speech is not None:
            self.speech.close()

    def reading(self) -> Reading:
        seen = tuple(sorted(self.values.seen))
        return Reading(
            fields=seen,
            fingerprint=facts_of(self.values, seen, self.subject.language, self.extra),
            language=self.subject.language,
            extra=self.extra,
        )

    def result(self, backend: Backend) -> Result:
        """The validated answer with its provenance; raises what the futures and the skill raise."""
        completions = [future.result() for future in self.futures]
        answer = self.answer or self.skill.answer(completions, self.subject)
        self.answer = answer
        made_with = {name: value for c in completions for name, value in c.provenance.items()}
        if self.speech is not None:
            self.speech.complete(completions, answer.output)
        return Result(
            answer=answer,
            reading=self.reading(),
            raw=tuple(c.text for completion in completions for c in completion.candidates),
            provenance={
                **backend.describe(),
                **made_with,
                "skill_version": self.skill.version(),
                "seed": self.subject.seed + self.asked,
                "asked": self.asked + 1,
                **({"guidance": self.guided_by} if self.guided_by else {}),
            },
            tokens_in=sum(c.tokens_in for c in completions),
            tokens_out=sum(c.tokens_out for c in completions),
            milliseconds=sum(c.milliseconds for c in completions),
        )


def rows_of(request: Request) -> int:
    """The room it takes in a backend."""
    return request.n if isinstance(request, Generate) else 1


def again(request: Request, asked: int) -> Request:
    """The request as it is sent when it was asked so often before: warmer, with another seed."""
    if not asked or not isinstance(request, Generate):
        return request
    sampling = request.sampling
    warmer = max(sampling.temperature, 0.5)
    seed = None if sampling.seed is None else sampling.seed + asked
    return replace(request, sampling=replace(sampling, temperature=warmer, seed=seed))


def load(jobs: Iterable[Job]) -> Mapping[str, Any]:
    """The store's rows of these jobs by (model, key), in a constant number of queries per skill."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for job in jobs:
        wanted.setdefault((job.target_model, job.skill), []).append(job.target_id)
    rows: dict[str, Any] = {}
    for (model, name), keys in wanted.items():
        with suppress(TargetGone):  # no longer bound: `prepare` says so of each job
            binding = binding_of(model)
            fields = (skill(name).reads() | {"language"}) & set(binding.fields)
            for row in binding.with_relations(binding.by_pk(*_possible(binding, keys)), fields):
                rows[f"{model} {row.pk}"] = row
    return rows


def _possible(binding: Binding, keys: Iterable[str]) -> Iterator[str]:
    """The keys that a row of this model can have: another one would spoil the query for all."""
    for key in keys:
        with suppress(ValidationError):
            binding.model._meta.pk.to_python(key)
            yield key


def prepare(job: Job, rows: Mapping[str, Any], backend: Backend, in_force: InForce) -> Run:
    """Read the row and write the requests; raises `Declined`, `TargetGone`, or what the options get wrong."""
    row = rows.get(f"{job.target_model} {job.target_id}")
    if row is None:
        raise TargetGone
    asked = skill(job.skill)
    binding = binding_of(job.target_model)
    params = asked.Params.model_validate(job.params)
    language = params.language or binding.language(row)
    values = binding.values(row, language)
    limits = {
        name: limit
        for name, target in asked.writes.items()
        if target in binding.fields and (limit := binding.max_length(target))
    }
    guidance, versions = _guidance(job, in_force, values, language)
    subject = Subject(
        values=values,
        params=params,
        language=language,
        limits=limits,
        guidance=guidance,
        seed=job.pk.int % 2**31 + job.attempt,
        again=job.retry_of_id is not None,
    )
    try:
        requests = asked.ask(subject)
    except Declined:
        if not binding.by_pk(job.target_id).exists():  # its relations went while we read them
            raise TargetGone from None
        raise
    extra = (asked.version(), job.params)
    return Run(job, asked, subject, values, extra, requests, guided_by=versions)


def _guidance(
    job: Job, in_force: InForce, values: Mapping[str, Any], language: str
) -> tuple[Guidance, list[str]]:
    if job.preview is not None:
        return Guidance.model_validate(job.preview), ["preview"]
    return in_force.of(values, language)
