"""Sentences of a text that is still being written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop_ai.safety.sentences import finished

TEXTS = st.text(alphabet=st.sampled_from('aB1 .!?…。！？”")]\n-é好etcDr'), max_size=60) | st.text(max_size=40)
OPEN = ["It holds 1.", "It holds 1. ", "好。", "Fine.\n", "Yes!", "等…", "- 1. ", "Dr. A", "\n"]


def grown(text: str) -> list[str]:
    """What comes out when the text arrives letter by letter and then ends."""
    found, start = [], 0
    for length in range(len(text) + 1):
        more, start = finished(text[:length], start)
        found += more
    return found + finished(text, start, ended=True)[0]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("It holds 1.7 l. Dishwasher safe! Is it steel?", ["It holds 1.7 l.", "Dishwasher safe!"]),
        ('He said "Fine." Then he left. ', ['He said "Fine."']),
        ("It weighs approx. 5 kg, i.e. Little. Good", ["It weighs approx. 5 kg, i.e. Little."]),
        ("Ask Dr. Smith or J. R. Miller. They know", ["Ask Dr. Smith or J. R. Miller."]),
        ("Made in 2024. Sold in 2025. A", ["Made in 2024.", "Sold in 2025."]),
        ('"Really?" he asked. "Yes!" ', ['"Really?" he asked.']),
        ("Wait... what? No!! Yes", ["Wait... what?", "No!!"]),
        ("1. Open it.\n2. Close it.\n3", ["1. Open it."]),
        ("Colours:\n- red\n- blue\n- gre", ["Colours:", "- red", "- blue"]),
        ("A heading\n\nA text", ["A heading"]),
        ("one line\nof a paragraph. Another", ["one line\nof a paragraph."]),
        ("容量500毫升。可机洗！价格1.7元", ["容量500毫升。", "可机洗！"]),
        ("他说：“好！！”然后走了。真的？！是", ["他说：“好！！”", "然后走了。", "真的？！"]),
        ("等等…好。so…so", ["等等…", "好。"]),
        ("水壶holds 1.7 l. 很好。a", ["水壶holds 1.7 l.", "很好。"]),
    ],
)
def test_cuts_where_a_sentence_has_ended(text: str, cut: list[str]) -> None:
    assert finished(text)[0] == cut


@pytest.mark.parametrize("text", OPEN)
def test_what_may_go_on_is_kept_back_until_the_end(text: str) -> None:
    assert finished(text) == ([], 0)
    assert finished(text, ended=True) == ([text.strip()] if text.strip() else [], len(text))


@given(TEXTS)
def test_it_does_not_matter_in_which_pieces_a_text_arrives(text: str) -> None:
    assert grown(text) == finished(text, ended=True)[0]


@given(TEXTS)
def test_nothing_is_lost_or_added(text: str) -> None:
    assert "".join("".join(finished(text, ended=True)[0]).split()) == "".join(text.split())


@given(TEXTS, st.text(max_size=10))
def test_what_is_out_stays_as_it_is_whatever_follows(text: str, more: str) -> None:
    out = finished(text)[0]

    assert finished(text + more)[0][: len(out)] == out


@pytest.mark.parametrize("part", ["a. ", ".", "…", "\n", "! ", '"', "1. ", "。", " "])
def test_a_long_text_takes_no_more_than_its_length(part: str) -> None:
    """Quadratic time would take minutes here, and the test run with it."""
    assert finished(part * 300_000, ended=True)[1] == 300_000 * len(part)
