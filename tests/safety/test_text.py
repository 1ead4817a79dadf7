"""Characters that must go, and those that must stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop_ai.safety.text import clean, fit, sentences, tidy


@pytest.mark.parametrize(
    ("hidden", "what"),
    [
        ("\x00", "NUL"),
        ("\x1b[31m", "ANSI escape"),
        ("\u202e", "right-to-left override"),
        ("\u200b", "zero width space"),
        ("\u2066", "isolate"),
        ("\U000e0041", "tag letter"),
        ("\U000e0100", "variation selector supplement"),
        ("\ufe01", "variation selector"),
        ("\ue000", "our own mark"),
        ("\u200d", "joiner between Latin letters"),
    ],
)
def test_clean_removes_what_nobody_can_see(hidden: str, what: str) -> None:
    cleaned = clean(f"safe{hidden}text")

    assert hidden[0] not in cleaned, what


@pytest.mark.parametrize("text", ["👩‍👧 fits", "❤️", "می‌خواهم", "क्‍ष", "café", "a\tb\nc", "纯棉 T恤"])
def test_clean_keeps_what_belongs_to_the_writing(text: str) -> None:
    assert clean(text) == text


@given(st.text())
def test_clean_is_idempotent(text: str) -> None:
    once = clean(text)

    assert clean(once) == once


@given(st.text(), st.integers(min_value=1, max_value=80))
def test_fit_never_exceeds_the_limit_and_only_cuts(text: str, limit: int) -> None:
    fitted = fit(text, limit)

    assert len(fitted) <= limit or (fitted == text and len(text) <= limit)
    assert text.startswith(fitted)


def test_fit_prefers_whole_sentences_then_whole_words() -> None:
    assert fit("One sentence. And another one.", 20) == "One sentence."
    assert fit("no full stop in here", 12) == "no full stop"[:12].rsplit(" ", 1)[0]
    assert fit("短句。第二句很长很长。", 6) == "短句。"


def test_sentences_know_decimals_and_chinese_stops() -> None:
    assert sentences("It holds 1.5 l. Dishwasher safe!") == ["It holds 1.5 l.", "Dishwasher safe!"]
    assert sentences("容量500毫升。可机洗！") == ["容量500毫升。", "可机洗！"]


def test_tidy_joins_blanks_and_empty_lines() -> None:
    assert tidy("  a\u00a0 b \r\n\r\n\r\n\r\n c ") == "a b\n\nc"
