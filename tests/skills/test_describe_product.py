"""Descriptions: what is asked, what is refused, what is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shop_ai.exceptions import Declined, InvalidOutput, Unsupported
from shop_ai.lm.base import Candidate, Completion, Generate
from shop_ai.skills import DescribeProduct, Subject
from shop_ai.skills.describe_product import DescribeParams

FACTS = {
    "name": "Ridge mug",
    "brand": "Claywell",
    "attributes": {"Material": "stoneware", "Capacity": "350 ml"},
}
TRUE = ("The Ridge mug is by Claywell.", "The mug is made of stoneware.", "The mug holds 350 ml.")


def subject(values: dict[str, Any] = FACTS, *, limit: int | None = None, **params: Any) -> Subject:
    limits = {"description": limit} if limit else {}
    language = params.pop("language", "en")
    return Subject(values=values, params=DescribeParams(**params), language=language, limits=limits, seed=7)


def requests(asked: Subject) -> list[Generate]:
    found = DescribeProduct().requests(asked)
    assert all(isinstance(request, Generate) for request in found)
    return [request for request in found if isinstance(request, Generate)]


def answer(*sentences: str, limit: int | None = None) -> str:
    completions = [Completion(candidates=(Candidate(text=text, tokens=1),)) for text in sentences]
    found = DescribeProduct().answer(completions, subject(limit=limit))
    return str(found.output.description)


def test_one_sentence_is_asked_for_each_fact() -> None:
    asked = [request.messages[-1].text for request in requests(subject())]

    assert asked == [
        "Product: Ridge mug\nBrand: Claywell",
        "Product: Ridge mug\nMaterial: stoneware",
        "Product: Ridge mug\nCapacity: 350 ml",
    ]


def test_the_facts_that_no_sentence_states_are_named() -> None:
    skill = DescribeProduct()

    assert skill.left_out({"description": " ".join(TRUE)}, subject()) == []
    assert skill.left_out({"description": f"{TRUE[0]} The mug holds 300 ml."}, subject()) == [
        "Material",
        "Capacity",
    ]
    assert skill.left_out({"description": f"{TRUE[0]} It is made of stoneware."}, subject()) == ["Capacity"]
    assert skill.left_out({"description": TRUE[1]}, subject(length="short")) == ["Brand", "Capacity"]


def test_no_fact_and_no_name_is_trusted() -> None:
    for request in requests(subject()):
        trusted = "".join(s.text for s in request.messages[-1].segments if s.trusted)

        assert trusted == "Product: \n: "


def test_requests_of_one_product_share_their_beginning() -> None:
    first, *others = requests(subject())

    assert all(request.messages[:-1] == first.messages[:-1] for request in others)


def test_length_decides_how_many_facts_are_told() -> None:
    many = {"name": "Lamp", "attributes": {f"Fact {n}": str(n) for n in range(20)}}

    assert [len(requests(subject(many, length=length))) for length in ("short", "medium", "long")] == [
        3,
        8,
        16,
    ]


def test_tone_and_candidates_reach_the_request() -> None:
    asked = requests(subject(tone="warm", candidates=3))[0]

    assert "customer" in asked.messages[0].text
    assert any(message.text.startswith("Your ") for message in asked.messages)
    assert asked.n == 3
    assert asked.sampling.temperature > 0
    assert asked.sampling.seed == 7


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"name": "", "attributes": {"a": "b", "c": "d"}}, ("name",)),
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


def test_a_language_the_store_does_not_write_is_declined() -> None:
    with pytest.raises(Declined, match="fr"):
        DescribeProduct().requests(subject(language="fr"))


def test_a_text_of_true_sentences_is_kept_whole() -> None:
    assert answer(*TRUE) == " ".join(TRUE)


def test_instead_of_a_sentence_with_an_invented_fact_the_fact_is_stated_plainly() -> None:
    invented = "The mug is made of stoneware and dishwasher safe."

    assert answer(TRUE[0], invented, TRUE[2]) == f"{TRUE[0]} It is made of stoneware. {TRUE[2]}"


def test_each_item_of_a_list_is_asked_for() -> None:
    facts = {"name": "Shorts", "attributes": {"Features": "Full zip; two pockets", "Weight": "265 g"}}

    asked = [request.messages[-1].text.splitlines()[-1] for request in requests(subject(facts))]

    assert asked == ["Features: Full zip", "Weight: 265 g", "Features: two pockets"]


def test_markup_and_a_second_sentence_are_cut() -> None:
    marked = "<b>The mug</b> is made of stoneware.<img src=//x> It is the best."

    assert answer(TRUE[0], marked, TRUE[2]) == " ".join(TRUE)


def test_too_little_that_is_true_is_left_for_a_person() -> None:
    long = {"name": "Mug", "attributes": {"Glaze": "blue " * 60, "Story": "told " * 60, "Material": "clay"}}
    completions = [Completion(candidates=(Candidate(text="A lovely gift!", tokens=1),))] * 3

    with pytest.raises(Unsupported):
        DescribeProduct().answer(completions, subject(long))


def test_unsupported_is_a_form_of_invalid_output_so_that_it_is_asked_again() -> None:
    assert issubclass(Unsupported, InvalidOutput)


def test_the_text_stays_inside_the_store_field() -> None:
    assert answer(*TRUE, limit=len(TRUE[0]) + 5) == TRUE[0]


def test_candidates_are_different_texts() -> None:
    other = ("The Ridge mug is a Claywell mug.", "Stoneware is the material of the mug.", "It holds 350 ml.")
    completions = [
        Completion(candidates=(Candidate(text=a, tokens=1), Candidate(text=b, tokens=1)))
        for a, b in zip(TRUE, other, strict=True)
    ]

    found = DescribeProduct().answer(completions, subject(candidates=2))

    texts = [candidate.model_dump()["description"] for candidate in found.candidates]
    assert texts == [" ".join(TRUE), " ".join(other)]


def test_each_tone_shows_its_own_examples() -> None:
    shown = {
        tone: tuple(message.text for message in requests(subject(tone=tone))[0].messages[:-1])
        for tone in ("plain", "warm", "expert")
    }

    assert len(set(shown.values())) == 3


def test_who_asks_again_gets_other_sentences() -> None:
    first, again = (
        DescribeProduct().requests(replace(subject(), again=wanted))[0] for wanted in (False, True)
    )

    assert first.sampling.temperature == 0
    assert again.sampling.temperature > 0


def test_a_field_too_short_for_a_sentence_is_left_for_a_person() -> None:
    with pytest.raises(Unsupported, match="too short"):
        answer(*TRUE, limit=12)


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
