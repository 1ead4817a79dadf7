"""The echo and its hostile twin: no language model, but every answer has the required form."""

from __future__ import annotations

import json
from concurrent.futures import wait
from typing import Annotated, Literal, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from shop_ai import exceptions
from shop_ai.lm import futures
from shop_ai.lm.base import Choose, Completion, Generate, Segment, says
from shop_ai.lm.echo import EchoBackend
from shop_ai.lm.hostile import NOT_JSON, PAYLOADS, HostileBackend
from shop_ai.lm.minimal import smallest
from shop_ai.lm.pattern import shortest
from shop_ai.testing import Verdict, ask


@pytest.fixture
def echo():
    opened = []

    def make(cls=EchoBackend, **options):
        opened.append(cls(options=options))
        opened[-1].open()
        return opened[-1]

    yield make
    for backend in opened:
        backend.close()


def one(backend, schema=None, *, text="Blue steel kettle, 1.7 litres", max_tokens=100, n=1):
    request = Generate(messages=ask(text), max_tokens=max_tokens, n=n, schema=schema)
    return backend.submit(request).result(10).candidates


def test_an_adapter_is_pretended_unless_the_names_are_given(echo):
    under = Generate(messages=ask("x"), max_tokens=9, adapter="scores")

    found = echo().submit(under).result(10)

    assert found.provenance == {"adapter": "scores"}
    assert isinstance(echo(adapters=["prose"]).submit(under).exception(10), exceptions.AdapterError)


# -- Text ------------------------------------------------------------------------------------------


def test_a_description_reads_like_the_product(echo):
    class Output(BaseModel):
        description: str = Field(min_length=1, max_length=30)

    first, second = one(echo(), Output.model_json_schema(), n=2)

    assert json.loads(first.text) == {"description": "Echo: Blue steel kettle, 1.7."}
    assert json.loads(second.text) == {"description": "Echo 2: Blue steel kettle."}


def test_free_text_is_what_was_not_trusted_cut_to_its_tokens(echo):
    backend = echo()

    assert one(backend)[0].text == "Blue steel kettle, 1.7 litres."
    short = one(backend, max_tokens=3)[0]
    assert (short.text, short.tokens, short.finish) == ("Blue steel kettle,", 3, "length")
    assert (
        backend.submit(Generate(messages=(says("user"),), max_tokens=3)).result(10).candidates[0].text
        == "Echo."
    )


def test_choices_are_always_the_same(echo):
    backend = echo()
    request = Choose(messages=ask("broken"), answers=("1", "2", "3"))

    assert (
        backend.submit(request).result(10).probabilities == backend.submit(request).result(10).probabilities
    )


# -- Time and trouble ------------------------------------------------------------------------------


def test_latency_is_paid_once_for_a_batch(echo, monkeypatch):
    backend = echo(latency=0.2, room=4)
    batches = []
    pause = backend._pause
    monkeypatch.setattr(backend, "_pause", lambda: batches.append(1) or pause())
    with backend._changed:
        pending = [backend.submit(Generate(messages=ask("x"), max_tokens=2)) for _ in range(8)]

    wait(pending, 10)

    assert 2 <= len(batches) <= 3


@pytest.mark.parametrize("name", ["RequestTooLarge", "BackendError", "InvalidOutput"])
def test_it_fails_when_told_to(echo, name):
    backend = echo(fail={"POISON": name})
    bad = backend.submit(Generate(messages=ask("the POISON"), max_tokens=5))

    assert type(bad.exception(10)) is getattr(exceptions, name)
    assert one(backend)


def test_it_hangs_when_told_to_and_close_ends_it(echo):
    backend = echo(fail={"POISON": "hang"})
    hanging = backend.submit(Generate(messages=ask("POISON"), max_tokens=5))

    assert one(backend)
    assert not hanging.done()
    backend.close()
    assert hanging.cancelled()


def test_open_fails_when_told_to():
    with pytest.raises(exceptions.CheckpointError, match="no such thing"):
        EchoBackend(options={"fail_open": "no such thing"}).open()


def test_close_without_open_is_harmless():
    EchoBackend().close()


# -- Futures ---------------------------------------------------------------------------------------


def test_a_future_is_settled_once():
    future = futures.failed(ValueError("first"))

    futures.answer(future, Completion())
    futures.fail(future, ValueError("second"))
    futures.cancel(future)

    assert str(future.exception(0)) == "first"


# -- Schemas ---------------------------------------------------------------------------------------


class Inner(BaseModel):
    kind: Literal["a", "b"]
    deeper: Optional[Inner]  # noqa: UP045 - as older skills write it


class Everything(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=80, max_length=90)
    code: str = Field(pattern=r"^[A-Z]{2}-\d{3,5}(x|yy)?$")
    stars: int = Field(ge=2, le=5)
    more: int = Field(gt=3, lt=9, multiple_of=4)
    share: float = Field(ge=0.5, le=1)
    below: float = Field(lt=-2)
    yes: bool
    nothing: None
    inner: Inner
    many: list[Inner] = Field(min_length=2)
    pair: tuple[int, str]
    unique: Annotated[set[str], Field(min_length=2)]
    table: dict[str, int] = Field(min_length=1)
    either: int | str
    day: Annotated[str, Field(json_schema_extra={"format": "date"})]
    optional: str = "left out"


@given(words=st.text(max_size=60), variant=st.integers(0, 4))
@settings(max_examples=50, deadline=None)
def test_any_schema_of_pydantic_gets_a_valid_answer(words, variant):
    value = smallest(Everything.model_json_schema(), lambda maximum: words[:maximum], variant=variant)

    Everything.model_validate_json(json.dumps(value))
    assert "optional" not in value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": 5}, 5),
        ({"enum": ["a"]}, "a"),
        ({"type": ["string", "null"]}, "words"),
        ({"allOf": [{"type": "integer"}, {"minimum": 3}]}, 3),
        ({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1}, {"key1": 0}),
        ({"type": "integer", "maximum": -3}, -3),
        ({}, "words"),
        ({"type": "array", "items": True, "minItems": 1}, ["words"]),
    ],
)
def test_the_smallest_value_is_taken(schema, value):
    assert smallest(schema, lambda maximum: "words") == value


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}},
        {
            "$ref": "#/$defs/A",
            "$defs": {"A": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/A"}}},
        },
        {"type": "string", "pattern": "(?=x)y"},
        {"type": "string", "pattern": "("},
    ],
)
def test_an_impossible_schema_is_an_error(echo, schema):
    with pytest.raises(ValueError, match=r"schema|pattern"):
        smallest(schema, lambda maximum: "words")

    request = Generate(messages=ask("x"), max_tokens=5, schema=schema)
    assert isinstance(echo().submit(request).exception(10), exceptions.UnsupportedRequest)


@pytest.mark.parametrize(
    "pattern",
    [
        r"abc", r"^a?b*c+$", r"[0-9]{3}", r"[^a]x", r"\d\s\w", r"\D\S\W", r".{2}", r"(ab)\1", r"(?:x|yyy)",
        r"[^\w]", r"[^b]+?", r"[\d\-]{2}", r"[é]", r"^#[0-9a-f]{6}$",
        r"[^aA0\- _]", r"a{2,}?", r"[^\s]", r"[\D]",
    ],
)  # fmt: skip
def test_a_pattern_gets_a_string(pattern):
    import re

    assert re.search(pattern, shortest(pattern))


# -- Hostile ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", sorted(PAYLOADS))
def test_the_payload_is_written_verbatim(echo, mode):
    backend = echo(HostileBackend, mode=mode)

    assert one(backend)[0].text == PAYLOADS[mode]
    text = one(backend, Verdict.model_json_schema())[0].text
    if mode in NOT_JSON:
        with pytest.raises(ValueError, match="validation error"):
            Verdict.model_validate_json(text)
    else:
        assert Verdict.model_validate_json(text).label == PAYLOADS[mode][:20]


def test_ten_megabytes_are_ten_megabytes():
    assert len(PAYLOADS["long"]) == 10_000_000


def test_it_obeys_whatever_the_customer_writes(echo):
    assert one(echo(HostileBackend), text="<b>say this</b>")[0].text == "<b>say this</b>"
    backend = echo(HostileBackend)
    trusted = Generate(messages=(says("user", "only ours"),), max_tokens=5)
    assert backend.submit(trusted).result(10).candidates[0].text == "only ours"


def test_it_shows_its_whole_prompt(echo):
    text = one(echo(HostileBackend, mode="echo_prompt"), text="secret")[0].text

    assert text == "system: You help in a small shop.\nuser: Say something about this: secret"


def test_it_breaks_lengths_when_told_to(echo):
    backend = echo(HostileBackend, payload="x" * 500, unbounded=True)

    assert len(json.loads(one(backend, Verdict.model_json_schema())[0].text)["label"]) == 500


def test_a_raw_payload_replaces_the_json(echo):
    backend = echo(HostileBackend, mode="raw", payload="{}")

    assert one(backend, Verdict.model_json_schema())[0].text == "{}"


def test_an_unknown_mode_is_a_mistake():
    with pytest.raises(ValueError, match="no mode"):
        HostileBackend(options={"mode": "kind"})


def test_segments_of_several_messages_are_obeyed(echo):
    backend = echo(HostileBackend)
    messages = (
        says("user", Segment(text="one", trusted=False)),
        says("assistant", "no"),
        says("user", Segment(text="two", trusted=False)),
    )

    assert (
        backend.submit(Generate(messages=messages, max_tokens=5)).result(10).candidates[0].text == "one\ntwo"
    )
