"""What of an unfinished answer readers may see, and what a skill says about that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shop_ai.lm.remote.hygiene import without_controls
from shop_ai.safety.html import plain
from shop_ai.skills.following import shown, text_of
from tests.skills.test_base import SummariseReviews, subject

PARTS = (
    "<b> </b> <script> <|im_end|> <| |> [INST] &lt; &gt; &amp; ]( ) ![ http://x im_ scr ipt> <s a 好 "
    "\u200b \u202e \ud800 \x00 \ue000"
).split(" ")
HOSTILE = st.lists(st.sampled_from([*PARTS, " "]), max_size=12).map("".join)
HONEST = ["It holds 1.7 l & costs 5 < 6 €.", "“好的。”👩‍👩‍👧", "a\nb", "x_y [1] (2) #3 C++"]


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_sentence_stays_as_it_is(text):
    assert shown(text) == text


@given(HOSTILE)
def test_nothing_is_left_that_would_have_been_taken_away(text):
    once = shown(text)

    assert shown(once) == plain(once) == without_controls(once) == once
    assert "](" not in once
    assert once == once.encode(errors="ignore").decode()


@pytest.mark.parametrize(
    ("json", "found"),
    [
        ("", ""),
        ('{"summ', ""),
        ('{"summary": "Half a', "Half a"),
        ('{"summary": "Half\\u00', "Half"),
        ('{"summary": "\\ud83d', ""),
        ('{"summary": "\\ud83d\\ude00', "😀"),
        ('{"other": "x", "summary": "All.", "z": 1}', "All."),
        ('{"summary": 5', ""),
        ('["summary"', ""),
        ("{{ 7*7 }}", ""),
        ("[" * 100_000, ""),
    ],
)
def test_the_text_in_unfinished_json(json, found):
    assert text_of(json, "summary") == found


@given(st.text(), st.integers(min_value=0, max_value=200))
def test_the_text_in_json_grows_whatever_stands_in_it(text, length):
    class Output(BaseModel):
        summary: str

    json = Output(summary=text.encode(errors="ignore").decode()).model_dump_json()

    assert text_of(json, "summary").startswith(text_of(json[:length], "summary"))


def test_a_skill_is_followed_by_the_text_it_writes():
    class Both(SummariseReviews):
        class Output(BaseModel):
            note: str
            summary: str

    class Unwritten(Both):
        writes = {}

    assert (Both.streamed(), Unwritten.streamed()) == ("summary", "note")


def test_words_are_those_of_the_field_or_of_free_text():
    skill = SummariseReviews()
    (schema,) = skill.requests(subject())
    free = replace(schema, schema=None)

    assert skill.words('{"summary": "Fine.', schema) == "Fine."
    assert skill.words('{"summary": "Fine.', free) == '{"summary": "Fine.'


def test_a_sentence_without_words_is_kept_back():
    assert SummariseReviews().sentence("<b></b>\u200b", subject()) is None
    assert SummariseReviews().sentence("<b>Fine.</b>", subject()) == "Fine."


def test_E063_a_skill_that_streams_without_a_text():
    class Numbers(SummariseReviews):
        streams = True
        writes = {}

        class Output(BaseModel):
            number: int

    (found,) = Numbers.check()

    assert found.id == "shop_ai.E063"
    assert found.msg == "summarise_reviews streams, and its Output has no text that readers could follow."
    assert found.hint == "Give the Output a field of the type str, or set `streams = False`."
