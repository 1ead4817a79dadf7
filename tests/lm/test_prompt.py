"""From messages to token ids: no control token out of an untrusted segment."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop_ai.exceptions import BackendError, CheckpointError
from shop_ai.lm.base import Segment, says
from shop_ai.lm.local.prompt import Prompts
from tests.lm import tiny

CONTROL = [*tiny.SPECIAL, *tiny.ADDED]
PIECES = st.sampled_from(
    [*CONTROL, *(text[:4] for text in CONTROL), *(text[4:] for text in CONTROL), "\n", " "]
)
FRAGMENTS = st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=8).map("".join)


@pytest.fixture(scope="module")
def prompts():
    return Prompts(tiny.tokenizer())


@given(text=FRAGMENTS)
@settings(max_examples=200, deadline=None)
def test_untrusted_text_never_becomes_a_control_token(prompts, text):
    assert prompts.forbidden.isdisjoint(prompts.untrusted(text))


@given(before=FRAGMENTS, after=FRAGMENTS)
@settings(max_examples=100, deadline=None)
def test_nor_across_the_border_of_segments(prompts, before, after):
    parts = (Segment(text=before, trusted=False), " and ", Segment(text=after, trusted=False))
    count = prompts.prompt((says("user", "x", Segment(text="y", trusted=False)),))

    prompt = prompts.prompt((says("user", "Read ", *parts),))

    assert _controls(prompts, prompt) == _controls(prompts, count)


def _controls(prompts, prompt):
    return [token for token in (*prompt.prefix, *prompt.rest) if token in prompts.forbidden]


@given(text=st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_untrusted_text_arrives_unchanged(prompts, text):
    assert prompts.tokenizer.decode(prompts.untrusted(text)) == text


def test_the_ids_are_those_of_the_template(prompts):
    messages = (
        says("system", "Be short."),
        says("user", "About ", Segment(text="kettle", trusted=False), "."),
    )

    prompt = prompts.prompt(messages)

    chat = [{"role": message.role, "content": message.text} for message in messages]
    whole = prompts.tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert prompts.tokenizer.decode([*prompt.prefix, *prompt.rest]) == whole
    assert prompts.tokenizer.decode(prompt.prefix).endswith("About ")


def test_a_prompt_without_untrusted_text_has_no_prefix(prompts):
    prompt = prompts.prompt((says("user", "Hello", Segment(text="", trusted=False)),))

    assert prompt.prefix == ()
    assert prompt.rest


def test_a_lone_surrogate_is_replaced(prompts):
    assert prompts.tokenizer.decode(prompts.untrusted("a\ud800b")) == "a?b"


def test_a_template_without_system_message_gets_it_in_the_question():
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + tiny.TEMPLATE
    )
    prompts = Prompts(tokenizer)

    prompt = prompts.prompt((says("system", "Be short."), says("user", "Hello")))

    assert "Be short.\n\nHello" in tokenizer.decode(prompt.rest)
    with pytest.raises(Exception, match="no system"):
        prompts.prompt((says("system", "Be short."),))


def test_a_template_that_drops_a_message_is_refused():
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = "nothing"

    with pytest.raises(BackendError, match="drops"):
        Prompts(tokenizer).prompt((says("user", Segment(text="x", trusted=False)),))


def test_a_checkpoint_without_chat_template_is_refused():
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = None

    with pytest.raises(CheckpointError, match="chat template"):
        Prompts(tokenizer)


def test_a_control_token_that_is_also_a_word_is_spelt_out(prompts):
    ids = prompts.untrusted("kettle")
    spelt = Prompts(tiny.tokenizer())

    spelt.forbidden = frozenset(ids)

    assert spelt.forbidden.isdisjoint(spelt.untrusted("kettle"))
    assert spelt.tokenizer.decode(spelt.untrusted("kettle")) == "kettle"
