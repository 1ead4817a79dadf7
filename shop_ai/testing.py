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
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import pairwise
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from shop_ai.exceptions import AdapterError, BackendError, UnsupportedRequest
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

    unknown_adapter = "no-such-adapter"
    """The name of an adapter that this backend does not have."""
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

    # -- Listening -----------------------------------------------------------------------------

    @pytest.mark.parametrize("schema", [None, Verdict.model_json_schema()])
    def test_a_text_is_told_while_it_grows(self, backend: Backend, schema: dict[str, Any] | None) -> None:
        told: list[str] = []
        messages = ask("a 蓝 kettle 👧🏽 é")
        request = Generate(messages=messages, max_tokens=300, schema=schema, on_text=told.append)
        if schema is not None and not backend.schema:
            return self.refused(backend, request)

        completion = self.answer(backend, request)

        self.heard(backend, told, completion)
        return None

    def test_everyone_hears_the_own_text_beside_those_who_do_not_listen(self, backend: Backend) -> None:
        told: list[list[str]] = [[] for _ in range(20)]
        warm = Sampling(temperature=0.9)
        requests = [
            Generate(
                messages=ask(f"canary-{n * 7919:06d}"),
                max_tokens=24,
                n=1 + n % 3,
                sampling=warm,
                on_text=told[n].append if n % 2 else None,
            )
            for n in range(20)
        ]

        completions = self.answers(backend, requests)

        assert all(completion.candidates for completion in completions[::2])
        for heard, completion in zip(told[1::2], completions[1::2], strict=True):
            self.heard(backend, heard, completion)

    def test_a_listener_that_fails_fails_its_request_alone(self, backend: Backend) -> None:
        def fails(text: str) -> None:
            raise ValueError("deaf")

        good = Generate(messages=ask("good"), max_tokens=8)
        bad = Generate(messages=ask("bad"), max_tokens=60, on_text=fails)

        futures = [backend.submit(request) for request in (good, bad, good)]

        assert futures[0].result(self.timeout).candidates
        assert futures[2].result(self.timeout).candidates
        error = futures[1].exception(self.timeout)
        if not (error is None and _silent(backend, futures[1])):
            assert isinstance(error, BackendError)
            assert "ValueError: deaf" in str(error)

    def test_nothing_is_told_after_a_cancel(self, backend: Backend) -> None:
        told: list[str] = []
        submitted = threading.Event()
        futures: list[Future[Completion]] = []

        def cancels(text: str) -> None:
            told.append(text)
            submitted.wait(self.timeout)
            futures[0].cancel()

        futures.append(backend.submit(Generate(messages=ask("x " * 20), max_tokens=200, on_text=cancels)))
        submitted.set()

        assert not wait(futures, self.timeout).not_done
        assert self.answer(backend, Generate(messages=ask("next"), max_tokens=4)).candidates
        assert len(told) <= 1
        assert futures[0].cancelled() or _silent(backend, futures[0])

    def heard(self, backend: Backend, told: Sequence[str], completion: Completion) -> None:
        """What was told is the first candidate's text in growing pieces, each made of whole characters."""
        text = completion.candidates[0].text
        assert list(told[-1:]) == ([text] if text and backend.stream else [])
        assert all(late.startswith(early) and late != early for early, late in pairwise(told))
        assert not any(early.endswith("\ufffd") for early in told[:-1])

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

    @pytest.mark.parametrize("by_length", [False, True])
    def test_precise_probabilities_come_beside_the_served_ones(
        self, backend: Backend, by_length: bool
    ) -> None:
        fields: dict[str, Any] = {"messages": ask("it broke"), "answers": ("good", "very bad")}
        request = Choose(**fields, by_length=by_length, precise=True)
        if not (backend.choose and backend.precise):
            return self.refused(backend, request)

        precise = self.answer(backend, request)
        served = self.answer(backend, Choose(**fields, by_length=by_length))

        assert not served.as_served
        assert sum(precise.probabilities) == pytest.approx(1.0) == sum(precise.as_served)
        assert precise.as_served == pytest.approx(served.probabilities, abs=0.1)
        return None

    def test_nothing_to_choose_from_is_refused(self, backend: Backend) -> None:
        self.refused(backend, Choose(messages=ask("x"), answers=()))

    # -- Adapters ------------------------------------------------------------------------------

    def test_a_request_with_an_unknown_adapter_fails_alone(self, backend: Backend) -> None:
        good = Generate(messages=ask("good"), max_tokens=8)
        bad: list[Request] = [Generate(messages=ask("bad"), max_tokens=8, adapter=self.unknown_adapter)]
        if backend.choose:
            bad.append(Choose(messages=ask("x"), answers=("a", "b"), adapter=self.unknown_adapter))

        futures = [backend.submit(request) for request in (good, *bad, good)]

        error = AdapterError if backend.adapters else UnsupportedRequest
        assert all(isinstance(future.exception(self.timeout), error) for future in futures[1:-1])
        assert futures[0].result(self.timeout).candidates
        assert futures[-1].result(self.timeout).candidates

    def refused(self, backend: Backend, request: Request) -> None:
        """The request comes back as `UnsupportedRequest`."""
        assert isinstance(backend.submit(request).exception(self.timeout), UnsupportedRequest)


def _silent(backend: Backend, future: Future[Completion]) -> bool:
    """Whether there was nothing to tell."""
    return not (backend.stream and future.result(0).candidates[0].text)


def _only(canary: str) -> dict[str, Any]:
    """A schema that allows one single answer."""
    return {
        "type": "object",
        "properties": {"canary": {"const": canary}},
        "required": ["canary"],
        "additionalProperties": False,
    }
