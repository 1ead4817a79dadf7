"""What a skill gets from its declaration alone."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, Field

from shop_ai.exceptions import InvalidOutput
from shop_ai.lm.base import Candidate, Choose, Completion, Generate, Request
from shop_ai.roles import PRODUCT
from shop_ai.skills import Params, Skill, Subject


class SummariseReviews(Skill):
    """Sums up what customers say about a product."""

    name, label, role = "summarise_reviews", "Summarise reviews", PRODUCT
    writes = {"summary": "review_summary"}
    prompt = """Sum up these reviews of {{ product.name }}.
{% for review in product.reviews %}- {{ review.text }}
{% endfor %}"""

    class Output(BaseModel):
        summary: str = Field(min_length=1, max_length=400)


VALUES: dict[str, Any] = {"name": "Mug", "reviews": [{"text": "Lovely."}, {"text": "It broke."}]}


def subject(**limits: int) -> Subject:
    return Subject(values=VALUES, params=Params(), language="en", limits=limits)


def completion(*texts: str) -> list[Completion]:
    return [Completion(candidates=tuple(Candidate(text=text, tokens=1) for text in texts))]


def test_request_carries_the_prompt_and_the_schema_of_the_output() -> None:
    (request,) = SummariseReviews().requests(subject(summary=120))

    assert isinstance(request, Generate)
    assert "- Lovely.\n- It broke." in request.messages[-1].text
    assert request.schema is not None
    assert request.schema["properties"]["summary"]["maxLength"] == 120


def test_every_request_is_under_the_skills_adapter() -> None:
    """Also where a skill writes its requests itself; a choice names the skill whose calibration applies."""

    class Weighs(SummariseReviews):
        adapter = "scores"

        def requests(self, subject: Subject) -> list[Request]:
            choice = Choose(messages=self.messages(subject), answers=("good", "bad"))
            return [choice, *super().requests(subject)]

    choice, written = Weighs().ask(subject())

    assert isinstance(choice, Choose)
    assert (choice.adapter, choice.skill, written.adapter) == ("scores", "summarise_reviews", "scores")
    assert [request.adapter for request in SummariseReviews().ask(subject())] == [None]


def test_schema_never_grows_past_the_output_itself() -> None:
    assert SummariseReviews().schema(subject(summary=900))["properties"]["summary"]["maxLength"] == 400


def test_answer_takes_the_first_candidate_that_validates() -> None:
    answer = SummariseReviews().answer(
        completion("no", '{"summary": "Good."}', '{"summary": "Fine."}'), subject()
    )

    assert answer.output.model_dump() == {"summary": "Good."}
    assert len(answer.candidates) == 2
    assert SummariseReviews().results(answer.output) == {"review_summary": "Good."}


def test_answer_without_a_usable_candidate_is_invalid() -> None:
    with pytest.raises(InvalidOutput):
        SummariseReviews().answer(completion('{"summary": ""}'), subject())


def test_reads_names_the_fields_of_the_prompt() -> None:
    assert SummariseReviews().reads() == {"name", "reviews"}


def test_check_finds_nothing_wrong() -> None:
    assert SummariseReviews.check() == []
