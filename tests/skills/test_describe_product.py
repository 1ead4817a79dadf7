"""Descriptions: what is asked, what is refused, what is cleaned."""

from __future__ import annotations

from typing import Any

import pytest

from shop_ai.exceptions import Declined, InvalidOutput
from shop_ai.lm.base import Candidate, Completion, Generate
from shop_ai.skills import DescribeProduct, Subject
from shop_ai.skills.describe_product import DescribeParams

FACTS = {
    "name": "Ridge mug",
    "brand": "Claywell",
    "attributes": {"Material": "stoneware", "Capacity": "350 ml"},
}


def subject(values: dict[str, Any] = FACTS, *, limit: int | None = None, **params: Any) -> Subject:
    limits = {"description": limit} if limit else {}
    return Subject(values=values, params=DescribeParams(**params), language="en", limits=limits, seed=7)


def request(asked: Subject) -> Generate:
    (found,) = DescribeProduct().requests(asked)
    assert isinstance(found, Generate)
    return found


def answer(*texts: str, limit: int | None = None) -> list[str]:
    completion = Completion(candidates=tuple(Candidate(text=t, tokens=1) for t in texts))
    found = DescribeProduct().answer([completion], subject(limit=limit))
    return [one.description for one in found.candidates]  # type: ignore[attr-defined]


def test_prompt_holds_every_fact_and_trusts_none() -> None:
    message = request(subject()).messages[-1]

    assert "Material: stoneware" in message.text
    assert "Claywell" in message.text
    assert not any("stoneware" in s.text for s in message.segments if s.trusted)


def test_schema_keeps_the_text_inside_the_store_field() -> None:
    schema = request(subject(limit=120)).schema

    assert schema is not None
    assert schema["properties"]["description"]["maxLength"] == 120


def test_options_decide_length_tone_and_candidates() -> None:
    asked = request(subject(length="short", tone="warm", candidates=3))

    assert "two sentences" in asked.messages[-1].text
    assert "warm and friendly" in asked.messages[-1].text
    assert asked.n == 3


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"name": "", "attributes": {"a": "b"}}, ("name",)),
        ({"name": "Mug", "attributes": {}}, ("attributes",)),
        ({"name": "Mug", "brand": "X", "category": "Y", "attributes": {}}, ("attributes",)),
        ({"name": "Mug", "attributes": {"Colour": "blue"}}, ("attributes",)),
    ],
)
def test_too_few_facts_are_declined_by_name(values: dict[str, Any], missing: tuple[str, ...]) -> None:
    with pytest.raises(Declined) as caught:
        DescribeProduct().requests(subject(values))

    assert caught.value.missing == missing
    assert missing[0] in str(caught.value)


def test_markup_is_removed_and_the_half_sentence_cut() -> None:
    (text,) = answer('{"description": "<b>Stoneware</b> mug for tea.<img src=//x> It holds 350 ml. And the"}')

    assert text == "Stoneware mug for tea. It holds 350 ml."


def test_a_long_text_ends_with_a_sentence_inside_the_field() -> None:
    (text,) = answer('{"description": "A mug of stoneware. It holds 350 ml of tea."}', limit=30)

    assert text == "A mug of stoneware."


def test_candidates_that_do_not_validate_are_left_out() -> None:
    found = answer("not json", '{"description": "A mug of stoneware from Claywell."}')

    assert found == ["A mug of stoneware from Claywell."]


def test_no_usable_candidate_is_an_invalid_output() -> None:
    with pytest.raises(InvalidOutput):
        answer("not json", '{"description": "no end in sight of this sentence"}')


def test_version_changes_with_the_prompt() -> None:
    class Other(DescribeProduct):
        prompt = DescribeProduct.prompt + "!"

    assert Other().version() != DescribeProduct().version()


def test_check_finds_an_unknown_field_a_broken_template_and_a_wrong_write() -> None:
    class Broken(DescribeProduct):
        prompt = "{{ product.naem }}"
        writes = {"descripton": "description"}

    class Unreadable(DescribeProduct):
        prompt = "{% if %}"

    assert [found.id for found in Broken.check()] == ["shop_ai.E061", "shop_ai.E062"]
    assert [found.id for found in Unreadable.check()] == ["shop_ai.E060"]
    assert DescribeProduct.check() == []
