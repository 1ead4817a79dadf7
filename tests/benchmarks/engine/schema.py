"""What a schema costs over free text of the same lengths, and how many answers are valid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from shop_ai.lm.base import Generate, Sampling
from tests.benchmarks.engine.subjects import ROWS, about, alternating, reviews, together, told
from tests.benchmarks.report import Figure


class Reply(BaseModel):
    """Every field is bounded, so that the answer fits the tokens it is given."""

    mood: Literal["happy", "neutral", "unhappy"]
    stars: int = Field(ge=1, le=5)
    topics: list[Literal["quality", "delivery", "price", "service"]] = Field(max_length=2)
    answer: str = Field(min_length=20, max_length=120)


def run(backend: Any) -> list[Figure]:
    bound = requests()
    valid = 100 * sum(_valid(answer) for answer in together(backend, bound)[1]) / len(bound)
    free = as_long_free(backend, bound)
    rates = alternating(
        {
            "schema": lambda: rate(backend, bound),
            "free text": lambda: rate(backend, free),
        }
    )
    cost = 100 * (rates["free text"] / rates["schema"] - 1)
    detail = told(rates, "tokens")
    return [
        Figure(
            name="schema.valid", value=valid, unit="%", target="≥ 99", detail=f"{len(bound)} answers, sampled"
        ),
        Figure(name="schema.cost", value=cost, unit="%", target="≤ 15", detail=detail),
    ]


def requests(number: int = ROWS) -> list[Generate]:
    """Sampled, so that the answers are not all one text."""
    schema = Reply.model_json_schema()
    return [
        Generate(
            messages=about(review),
            max_tokens=140,
            schema=schema,
            sampling=Sampling(temperature=0.8, top_p=0.95, seed=seed),
        )
        for seed, review in enumerate(reviews(number))
    ]


def as_long_free(backend: Any, bound: Sequence[Generate]) -> list[Generate]:
    """The same prompts without a schema, each allowed as many tokens as its bound answer took."""
    answers = together(backend, bound)[1]
    return [
        replace(request, schema=None, max_tokens=max(1, answer.tokens_out))
        for request, answer in zip(bound, answers, strict=True)
    ]


def rate(backend: Any, asked: Sequence[Generate]) -> float:
    seconds, answers = together(backend, asked)
    return sum(answer.tokens_out for answer in answers) / seconds


def _valid(answer: Any) -> bool:
    try:
        Reply.model_validate_json(answer.candidates[0].text)
    except ValidationError:
        return False
    return True
