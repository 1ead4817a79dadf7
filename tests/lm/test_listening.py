"""Listening to a text while it is written: whole characters, one listener's trouble, texts begun anew."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop_ai.exceptions import BackendError
from shop_ai.lm.base import Generate, Sampling
from shop_ai.lm.echo import PIECES, EchoBackend
from shop_ai.lm.local.growing import Growing
from shop_ai.lm.remote import RemoteBackend
from shop_ai.testing import ask
from tests.lm import servers, tiny
from tests.lm.test_loop import spoil, submit_at_once


@pytest.fixture(scope="module")
def words():
    """A tokenizer that knows next to no characters but ASCII, so that most are several tokens."""
    return tiny.tokenizer()


def listens(told, text="a blue kettle", **fields):
    return Generate(messages=ask(text), **{"max_tokens": 30, "on_text": told.append, **fields})


# -- the request -----------------------------------------------------------------------------------


def test_a_request_is_the_same_whoever_listens():
    heard, unheard = listens([]), listens([], on_text=None)

    assert heard == unheard
    assert hash(heard) == hash(unheard)
    assert "on_text" not in repr(heard)


# -- the tokens ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["A kettle of 1.7 l.", "这是一个水壶。好！", "né 👩‍👩‍👧 🇩🇪 ok", "«½»"])
def test_characters_of_many_tokens_come_whole(words, text):
    ids = words.encode(text)
    growing = Growing(words.decode)

    told = [growing.add(ids[: n + 1]) for n in range(len(ids))]

    assert all(text.startswith(early) for early in told)
    assert told[-1] == text


@given(st.lists(st.integers(min_value=4, max_value=300), max_size=60))
def test_any_tokens_grow_into_what_they_say_together(words, ids):
    growing = Growing(words.decode)
    whole = words.decode(ids)

    told = ["", *(growing.add(ids[: n + 1]) for n in range(len(ids)))]

    assert all(late.startswith(early) for early, late in pairwise(told))
    assert whole.startswith(told[-1])
    assert told[-1] == whole or words.decode(ids[growing._first :]).endswith("\ufffd")


# -- the backends ----------------------------------------------------------------------------------


def test_echo_tells_its_answer_in_a_few_pieces():
    told: list[str] = []
    backend = EchoBackend()

    backend.submit(listens(told)).result(10)
    backend.close()

    assert len(told) == PIECES


def test_what_is_begun_anew_is_told_anew(local):
    """Memory runs out in the middle: the later half of the rows begins again, and the text with it."""
    backend, told = local(rows=4), ([], [])
    backend.loop.intake.stops = frozenset()  # nobody ends early
    spoilt = spoil(backend, MemoryError, when=lambda ids: len(told[1]) > 9 and not spoilt)
    warm = Sampling(temperature=1.0)

    futures = submit_at_once(backend, [listens(one, max_tokens=60, sampling=warm) for one in told])
    texts = [future.result(30).candidates[0].text for future in futures]

    assert spoilt
    assert [one[-1] for one in told] == texts
    assert all(late.startswith(early) for early, late in pairwise(told[0]))
    assert any(not late.startswith(early) for early, late in pairwise(told[1]))


@pytest.fixture
def remote():
    """`remote(act, …)` is a backend for a server that answers so."""
    opened = []
    with servers.scripted() as server:

        def make(*acts, **options):
            server.acts = list(acts)
            backend = RemoteBackend("lm", {"base_url": server.url, "retries": 1, **options})
            opened.append(backend)
            return backend

        yield make
        server.ended.set()
        for backend in opened:
            backend.close()


def test_a_server_is_heard_event_by_event(remote):
    told: list[str] = []

    remote(servers.answer("Fine.")).submit(listens(told)).result(30)

    assert told == ["F", "Fi", "Fin", "Fine", "Fine."]


def test_a_server_that_does_not_stream_is_heard_once(remote):
    told: list[str] = []
    backend = remote(servers.answer("Fine."))
    backend._asker.dialect = type(backend._asker.dialect)(stream=False)

    backend.submit(listens(told)).result(30)

    assert told == ["Fine."]


def test_half_a_character_of_a_server_waits_for_the_other_half(remote):
    told: list[str] = []

    def act(handler):
        parts = [{"choices": [{"delta": {"content": part}}]} for part in ("a", "a\ufffd", "b")]
        end = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
        handler.give(200, servers.sse(*parts, end), servers.EVENTS)

    remote(act).submit(listens(told)).result(30)

    assert told == ["a", "aa", "aa\ufffdb"]


def test_a_server_that_breaks_off_is_heard_from_the_start_again(remote, monkeypatch):
    from shop_ai.lm.remote import client

    monkeypatch.setattr(client.random, "uniform", lambda low, high: 0.0)
    told: list[str] = []

    remote(servers.cut, servers.answer("No.")).submit(listens(told)).result(30)

    assert told == ["H", "Ha", "Hal", "Half", "N", "No", "No."]


def test_a_failing_listener_leaves_the_server(remote):
    def fails(text):
        raise RuntimeError("deaf")

    error = remote(servers.answer("Fine.")).submit(listens([], on_text=fails)).exception(30)

    assert isinstance(error, BackendError)
    assert isinstance(error.__cause__, RuntimeError)
