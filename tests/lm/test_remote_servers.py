"""The remote backend against real servers with a real language model, each in a process of its own."""

from __future__ import annotations

import json
import time
import urllib.request
from concurrent.futures import wait
from importlib.util import find_spec
from itertools import pairwise

import pytest

from shop_ai.exceptions import RequestTooLarge
from shop_ai.lm.base import Choose, Generate, Sampling
from shop_ai.lm.remote import RemoteBackend
from shop_ai.testing import BackendContract, ask
from tests.lm import servers

pytestmark = [
    pytest.mark.lm,
    pytest.mark.skipif(find_spec("xllamacpp") is None, reason="pip install -e '.[dev]' brings xllamacpp"),
]


@pytest.fixture(scope="module")
def llama_cpp():
    with servers.llama_cpp(servers.gguf()) as url:
        yield url


@pytest.fixture(scope="module")
def transformers_serve():
    with servers.transformers_serve() as url:
        yield url


def write(backend, text="a blue kettle", **options):
    request = Generate(messages=ask(text), **{"max_tokens": 8, **options})
    return backend.submit(request).result(150)


# -- llama.cpp -------------------------------------------------------------------------------------


class TestLlamaCpp(BackendContract):
    """Every promise of a backend, with the embedded checkpoint."""

    timeout = 300.0

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls, llama_cpp):
        cls.url = llama_cpp

    def make_backend(self):
        return RemoteBackend("smollm2-135m", {"base_url": self.url, "room": 4, "silence": 150})

    def test_it_can_do_all_but_keep_control_tokens_out_by_itself(self, backend):
        told = backend.describe()

        assert (told["schema"], told["choose"], told["stream"], told["token_safe"]) == (
            True,
            True,
            True,
            False,
        )

    def test_a_choice_follows_the_words(self, backend):
        first, second = (
            self.answer(
                backend, Choose(messages=ask("", f"Repeat this word: {word}"), answers=("red", "blue"))
            )
            for word in ("red", "blue")
        )

        assert first.probabilities[0] > second.probabilities[0]

    def test_seeds_count(self, backend):
        requests = [
            Generate(messages=ask("tea"), max_tokens=12, sampling=Sampling(temperature=1.5, seed=seed))
            for seed in (1, 1, 2, 3)
        ]
        texts = [self.answer(backend, request).candidates[0].text for request in requests]

        assert texts[0] == texts[1]
        assert len(set(texts)) > 1

    def test_too_long_a_text_is_told(self, backend):
        request = Generate(messages=ask("word " * 20_000), max_tokens=4)

        assert isinstance(backend.submit(request).exception(self.timeout), RequestTooLarge)

    def test_cancel_frees_the_server(self, backend):
        future = backend.submit(Generate(messages=ask("a long story"), max_tokens=1900))
        _until(lambda: _busy(self.url))

        assert future.cancel()

        _until(lambda: not _busy(self.url))
        assert not wait([future], self.timeout).not_done


def _busy(url):
    with urllib.request.urlopen(url.replace("/v1", "/slots"), timeout=30) as answer:
        return any(slot["is_processing"] for slot in json.load(answer))


def _until(happens):
    give_up = time.monotonic() + 120
    while not happens():
        assert time.monotonic() < give_up
        time.sleep(0.01)


# -- transformers serve ----------------------------------------------------------------------------


class TestTransformersServe(BackendContract):
    """Every promise of a backend; with tiny random weights, since this server answers one by one."""

    timeout = 300.0

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls, transformers_serve, folder):
        cls.url, cls.model = transformers_serve, str(folder / "tiny")

    def make_backend(self):
        return RemoteBackend(self.model, {"base_url": self.url, "room": 4, "silence": 150})


@pytest.fixture(scope="module")
def embedded_serve(transformers_serve, embedded):
    backend = RemoteBackend(str(embedded.path), {"base_url": transformers_serve, "silence": 150})
    backend.open()
    yield backend
    backend.close()


def test_transformers_serve_writes_text_and_ignores_the_rest(embedded_serve):
    told = embedded_serve.describe()

    completion = write(embedded_serve)

    assert (told["schema"], told["choose"], told["stream"]) == (False, False, True)
    assert completion.candidates[0].text
    assert completion.tokens_out == completion.candidates[0].tokens == 8


def test_transformers_serve_shows_that_it_lives(embedded_serve):
    future = embedded_serve.submit(Generate(messages=ask("a blue kettle"), max_tokens=24))
    seen = []
    while not future.done():
        seen.append(embedded_serve.progressed_at)
        time.sleep(0.02)

    assert future.result(0)
    assert len({later for earlier, later in pairwise(seen) if later > earlier}) > 1


def test_cancel_frees_transformers_serve(embedded_serve):
    """It answers one by one: if the long text went on, the short one would not come in time."""
    long = embedded_serve.submit(Generate(messages=ask("a long story"), max_tokens=8000))
    before = embedded_serve.progressed_at
    _until(lambda: embedded_serve.progressed_at > before)

    assert long.cancel()

    assert write(embedded_serve, "tea").candidates[0].text
