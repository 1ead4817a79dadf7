"""A text in another language than was asked for is never offered."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from shop_ai.exceptions import Unsupported, WrongLanguage
from shop_ai.lm.base import Candidate, Completion
from shop_ai.roles import PRODUCT
from shop_ai.skills import DescribeProduct, Skill, Subject

ENGLISH, CHINESE = "The stool is made of oak and very stable.", "这款凳子采用橡木制成，非常稳固。"
GERMAN = "Der Hocker ist aus Eiche gefertigt und steht sehr stabil."


class WriteProse(Skill):
    name, label, role = "write_prose", "Write prose", PRODUCT
    writes = {"text": "description"}
    prompt = "{{ product.name }}"

    class Output(BaseModel):
        text: str
        reason: str = ""


class ScoreProse(WriteProse):
    approval = False


def answered(asked, language, *texts, reason=""):
    outputs = [asked.Output(text=text, reason=reason).model_dump_json() for text in texts]
    told = Completion(candidates=tuple(Candidate(text=text, tokens=1) for text in outputs))
    about = Subject(values={"name": "Stool"}, params=asked.Params(), language=language)
    return [one.text for one in asked.answer([told], about).candidates]


@pytest.mark.parametrize(("language", "kept"), [("en", ENGLISH), ("zh-hans", CHINESE)])
def test_a_candidate_in_another_language_is_left_out(language, kept):
    assert answered(WriteProse(), language, ENGLISH, CHINESE) == [kept]


def test_without_any_other_nothing_is_offered():
    with pytest.raises(WrongLanguage):
        answered(WriteProse(), "zh-hans", ENGLISH)


def test_languages_of_one_script_are_told_apart(settings):
    settings.SHOP_AI = {**settings.SHOP_AI, "LANGUAGES": ["en", "de"]}

    assert answered(WriteProse(), "de", ENGLISH, GERMAN) == [GERMAN]


def test_only_what_goes_to_the_store_is_asked():
    assert answered(WriteProse(), "en", ENGLISH, reason=CHINESE) == [ENGLISH]
    assert answered(ScoreProse(), "en", CHINESE) == [CHINESE]


def test_facts_in_another_language_are_no_sentences_of_a_text():
    facts = {"Material": "Solid oak", "Height": "45 cm", "产地": "浙江", "材质": "橡木"}
    about = Subject(
        values={"name": "Stool", "attributes": facts, "brand": None},
        params=DescribeProduct.Params(),
        language="en",
    )
    asked = DescribeProduct()
    told = [Completion(candidates=(Candidate(text="x", tokens=1),)) for _ in asked.requests(about)]

    assert asked.answer(told, about).output.description == "It is made of solid oak. It is 45 cm high."


def test_facts_that_are_all_in_another_language_are_left_for_a_person():
    about = Subject(
        values={"name": "凳子", "attributes": {"Material": "Solid oak", "Height": "45 cm"}, "brand": None},
        params=DescribeProduct.Params(),
        language="zh-hans",
    )
    asked = DescribeProduct()
    told = [Completion(candidates=(Candidate(text="x", tokens=1),)) for _ in asked.requests(about)]

    with pytest.raises(Unsupported):
        asked.answer(told, about)
