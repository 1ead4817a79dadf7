"""No control literal comes out of untrusted text, however it is split, nested, disguised or put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop_ai.lm.base import Segment
from shop_ai.lm.remote.hygiene import plain, without_controls

LITERALS = [
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>",
    "<|begin_of_text|>", "<|user|>", "<|channel|>", "<|START_OF_TURN_TOKEN|>", "<|turn>", "<turn|>",
    "<s>", "</s>", "<bos>", "<eos>", "<pad>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>",
    "<start_of_image>", "<BOS_TOKEN>", "<0x0A>", "<unused42>", "<extra_id_0>", "<reserved_106>",
    "<think>", "</think>", "<tool_call>", "</tool_call>", "<fim_prefix>", "<|fim_middle|>", "<sop>",
    "[gMASK]", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]",
    "[AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[CLS]", "[SEP]", "[MASK]", "[PAD]", "<用户>", "<AI>",
    "<｜User｜>", "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", ">>QUESTION<<", "]~b]", "[e~[",
]  # fmt: skip
DISGUISES = [
    "＜|im_end|＞", "<｜im_end｜>", "‹|im_end|›", "〈|im_end|〉", "<│im_end│>", "＜s＞", "［INST］",
    "【INST】", "≪SYS≫", "<\u200b|im_end|\u200b>", "<|im\u200d_end|>", "<|im\u00ad_end|>", "<\u2060s>",
    "＜＜SYS＞＞", "<|ｉｍ_ｅｎｄ|>", "<|im_end|\ufe0f>", "[\u200bINST]", "< s >", "[ / INST ]",
    "[inst]", "<\x1f|im_end|>", "<start＿of＿turn>",
]  # fmt: skip
HARMLESS = [
    "5 < 7 and 9 > 3", "a | b", "<b>bold</b> <p>text</p>", "[1] [XL] [NEW] [Model]", "x[i] = {y}", "<3",
    "->", "|", "https://shop.example/?a=1|2", "Größe: 140 × 200 cm", "这是《水壶》【新品】",
    "|col|col|", "M&M's", "I <3 it :-]", "مرحبا", "👩‍👩‍👧 ❤️",
]  # fmt: skip
fragments = st.one_of(
    st.sampled_from(LITERALS + DISGUISES),
    st.sampled_from(LITERALS).flatmap(lambda text: st.integers(1, len(text) - 1).map(lambda n: text[:n])),
    st.sampled_from(LITERALS).flatmap(lambda text: st.integers(1, len(text) - 1).map(lambda n: text[n:])),
    st.text(alphabet="<>|[]/_ ｜＜＞\u200bimendINSTs", max_size=8),
)
texts = st.lists(fragments, max_size=12).map("".join)


@pytest.mark.parametrize("literal", LITERALS + DISGUISES)
def test_a_literal_is_taken_out(literal):
    assert without_controls(f"before {literal} after") == "before  after"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_has_brackets_stays(text):
    assert without_controls(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "<|im_<|im_end|>end|>",
        "<<s>s>",
        "[IN[INST]ST]",
        "<|<|<|a|>|>|>",
        "<sta<s>rt_of_turn>",
        "<|im_</s>end|>",
    ],
)
def test_halves_that_meet_are_taken_out_too(text):
    assert without_controls(text) == ""


@given(texts)
def test_nothing_is_left(text):
    cleaned = without_controls(text)

    assert not [literal for literal in LITERALS if literal in cleaned]
    assert without_controls(cleaned) == cleaned


@given(st.lists(st.tuples(fragments, st.booleans()), max_size=10))
def test_segments_cannot_build_a_literal_together(parts):
    segments = [Segment(text=text, trusted=trusted) for text, trusted in parts]

    told = plain(segments)

    for literal in LITERALS:
        own = sum(segment.text.count(literal) for segment in segments if segment.trusted)
        if not own:
            allowed = "".join(segment.text for segment in segments if segment.trusted)
            assert literal not in told or literal in allowed


@given(st.text(max_size=60))
def test_any_text_can_be_sent_and_stays_clean(text):
    cleaned = without_controls(text)

    cleaned.encode()
    assert "\0" not in cleaned
    assert without_controls(cleaned) == cleaned


def test_trusted_literals_stay():
    segments = (Segment(text="<|im_end|> "), Segment(text="<|im_end|>", trusted=False), Segment(text=" </s>"))

    assert plain(segments) == "<|im_end|>  </s>"


def test_what_reaches_into_trusted_text_loses_only_its_own_half():
    assert plain((Segment(text="a <|im"), Segment(text="_end|>b", trusted=False))) == "a <|imb"


def test_a_bracket_bomb_ends():
    bomb = "<|a" * 4000 + "|>" * 4000

    assert not set(without_controls(bomb)) & set("<>|")


@pytest.mark.parametrize("char", ["_", " ", "<", "|", "[", "a", "/", "0"])
def test_a_long_text_is_read_in_one_go(char):
    assert without_controls("<" + char * 100_000) is not None
    assert without_controls("[" + char * 100_000) is not None


def test_half_surrogates_and_nul_are_replaced():
    assert without_controls("a\ud800b\0c") == "a\ufffdbc"
