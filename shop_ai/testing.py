"""Help for tests of stores and of third parties: the conformance suite that every backend must pass.

A backend of your own proves itself in three lines of a test module:

    from shop_ai.testing import BackendContract

    class TestMyBackend(BackendContract):
        def make_backend(self):
            return MyBackend("checkpoint", {"option": 1})
"""

# ruff: noqa: S101 - these are tests, to be run by whoever writes a backend
from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from shop_ai.exceptions import BackendError, UnsupportedRequest
from shop_ai.lm.base import (
    Backend,
    Candidate,
    Choose,
    Completion,
    Generate,
    Message,
    Request,
    Sampling,
    Segment,
    says,
)


class Verdict(BaseModel):
    """An answer with one of each kind of field, every one bounded so that it fits 400 tokens."""

    label: str = Field(min_length=1, max_length=20)
    stars: int = Field(ge=1, le=5)
    mood: Literal["good", "bad"]
    words: list[Literal["one", "two"]] = Field(max_length=3)
    note: str | None = Field(max_length=20)


def ask(untrusted: str, trusted: str = "Say something about this: ") -> tuple[Message, ...]:
    """A conversation of one system message and one question with untrusted text in it."""
    question = says("user", trusted, Segment(text=untrusted, trusted=False))
    return says("system", "You help in a small shop."), question


class BackendContract:
    """What shop_ai relies on. Subclass it and give `make_backend`; no test assumes any speed.

    What a backend cannot do, it says by its flags; asked for it all the same, it answers with
    `UnsupportedRequest` through the Future: `submit` itself never raises for the sake of a request.
    """

    timeout = 120.0
    """Seconds that all answers of one test may take before we believe in a hang."""

    def make_backend(self) -> Backend:
        """A new backend that is not open yet."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls) -> Iterator[Backend]:
        backend = cls().make_backend()
        backend.open()
        yield backend
        backend.close()

    def answer(self, backend: Backend, request: Request) -> Completion:
        return backend.submit(request).result(self.timeout)

    def answers(self, backend: Backend, requests: Sequence[Request]) -> list[Completion]:
        return [future.result(self.timeout) for future in [backend.submit(r) for r in requests]]

    # -- Futures -------------------------------------------------------------------------------

    def test_submit_gives_a_future_to_any_thread(self, backend: Backend) -> None:
        requests = [Generate(messages=ask(f"thread {n}"), max_tokens=4) for n in range(8)]

        with ThreadPoolExecutor(8) as pool:
            futures = list(pool.map(backend.submit, requests))

        assert all(isinstance(future, Future) for future in futures)
        assert all(len(future.result(self.timeout).candidates) == 1 for future in futures)

    def test_pending_requests_can_be_cancelled(self, backend: Backend) -> None:
        futures = [
            backend.submit(Generate(messages=ask(f"number {n}"), max_tokens=32))
            for n in range(2 * backend.room)
        ]

        cancelled = [future for future in futures[::2] if future.cancel()]

        assert not wait(futures, self.timeout).not_done  # those who wait are told of the cancelled ones too
        assert all(future.cancelled() for future in cancelled)
        assert all(future.result(0).candidates for future in futures[1::2])

    def test_close_settles_everything(self) -> None:
        backend = self.make_backend()
        backend.open()
        futures = [backend.submit(Generate(messages=ask("x"), max_tokens=200)) for _ in range(backend.room)]

        backend.close()

        settled = wait(futures, self.timeout)
        assert not settled.not_done
        assert isinstance(
            backend.submit(Generate(messages=ask("x"), max_tokens=4)).exception(0), BackendError
        )

    def test_progress_and_room_are_told(self, backend: Backend) -> None:
        before = backend.progressed_at

        self.answer(backend, Generate(messages=ask("progress"), max_tokens=4))

        assert backend.progressed_at > before
        assert backend.room >= 1
        assert {"backend", "checkpoint"} <= backend.describe().keys()

    # -- Text ----------------------------------------------------------------------------------

    def test_gives_as_many_candidates_as_asked(self, backend: Backend) -> None:
        sampling = Sampling(temperature=0.9, top_p=0.95)
        request = Generate(messages=ask("a blue kettle"), max_tokens=12, n=3, sampling=sampling)

        completion = self.answer(backend, request)

        assert len(completion.candidates) == 3
        assert completion.tokens_out == sum(candidate.tokens for candidate in completion.candidates)
        assert completion.tokens_in > 0
        assert not completion.probabilities

    def test_candidates_have_scores_all_or_none(self, backend: Backend) -> None:
        sampling = Sampling(temperature=0.9)
        request = Generate(messages=ask("a kettle"), max_tokens=8, n=3, sampling=sampling, rank=True)

        scores = [candidate.score for candidate in self.answer(backend, request).candidates]

        assert scores == [None] * 3 or all(score is not None and score <= 0 for score in scores)

    @pytest.mark.parametrize("max_tokens", [1, 5])
    def test_keeps_to_max_tokens(self, backend: Backend, max_tokens: int) -> None:
        messages = ask("one two three four five six seven eight nine ten")

        candidate = self.answer(backend, Generate(messages=messages, max_tokens=max_tokens)).candidates[0]

        assert isinstance(candidate, Candidate)
        assert 0 <= candidate.tokens <= max_tokens
        assert candidate.finish in ("stop", "length")

    def test_odd_text_is_only_text(self, backend: Backend) -> None:
        odd = ["", " ", "\x00\x1b[0m", "\ud800 alone", "𝔘𝔫𝔦 👩‍👩‍👧 中文", "<|im_end|>", "{{ x }}{% y %}"]

        completions = self.answers(backend, [Generate(messages=ask(text), max_tokens=4) for text in odd])

        assert all(completion.candidates for completion in completions)

    # -- Schemas -------------------------------------------------------------------------------

    @pytest.mark.parametrize("temperature", [0.0, 1.0])
    def test_answers_have_the_form_of_the_schema(self, backend: Backend, temperature: float) -> None:
        request = Generate(
            messages=ask("a blue kettle"),
            max_tokens=400,
            n=2,
            sampling=Sampling(temperature=temperature),
            schema=Verdict.model_json_schema(),
        )
        if not backend.schema:
            return self.refused(backend, request)

        completion = self.answer(backend, request)

        for candidate in completion.candidates:
            Verdict.model_validate_json(candidate.text)
        return None

    def test_everyone_gets_the_own_answer(self, backend: Backend) -> None:
        canaries = [f"canary-{n * 7919:06d}" for n in range(50)]
        requests = [Generate(messages=ask(c * (1 + n % 5)), max_tokens=60) for n, c in enumerate(canaries)]
        if backend.schema:  # so that even a language model can say nothing else
            requests = [
                Generate(messages=r.messages, max_tokens=60, schema=_only(canary))
                for r, canary in zip(requests, canaries, strict=True)
            ]

        with ThreadPoolExecutor(10) as pool:
            futures = list(pool.map(backend.submit, requests))
        texts = [future.result(self.timeout).candidates[0].text for future in futures]

        if backend.schema:
            assert [json.loads(text)["canary"] for text in texts] == canaries

    def test_a_bad_request_fails_alone(self, backend: Backend) -> None:
        bad = Generate(messages=ask("bad"), max_tokens=20, schema={"$ref": "#/$defs/Nowhere"})
        good = Generate(messages=ask("good"), max_tokens=8)

        futures = [backend.submit(request) for request in (good, bad, good)]

        assert isinstance(futures[1].exception(self.timeout), BackendError)
        assert futures[0].result(self.timeout).candidates
        assert futures[2].result(self.timeout).candidates

    # -- Choices -------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "answers", [("good", "bad"), ("1", "2", "3", "4", "5"), ("yes", "yes, very much so", "no"), ("one",)]
    )
    def test_probabilities_sum_to_one(self, backend: Backend, answers: tuple[str, ...]) -> None:
        request = Choose(messages=ask("broken on arrival"), answers=answers)
        if not backend.choose:
            return self.refused(backend, request)

        completion = self.answer(backend, request)

        assert len(completion.probabilities) == len(answers)
        assert sum(completion.probabilities) == pytest.approx(1.0)
        assert all(0 <= p <= 1 for p in completion.probabilities)
        assert not completion.candidates
        return None

    def test_nothing_to_choose_from_is_refused(self, backend: Backend) -> None:
        self.refused(backend, Choose(messages=ask("x"), answers=()))

    def refused(self, backend: Backend, request: Request) -> None:
        """The request comes back as `UnsupportedRequest`."""
        assert isinstance(backend.submit(request).exception(self.timeout), UnsupportedRequest)


def _only(canary: str) -> dict[str, Any]:
    """A schema that allows one single answer."""
    return {
        "type": "object",
        "properties": {"canary": {"const": canary}},
        "required": ["canary"],
        "additionalProperties": False,
    }
