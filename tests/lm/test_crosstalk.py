"""Rows that share a batch share nothing else: not a token of one ever stands in the text of another."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from random import Random

import pytest

from shop_ai.lm.base import Choose, Generate
from shop_ai.testing import ask
from tests.lm.test_loop import requests, single

ROWS = 8
BATCHES = int(os.environ.get("CROSSTALK_BATCHES", "200"))
"""CROSSTALK_BATCHES=1000 is the long form."""
WITHIN = 60


def only(canary):
    """A schema that allows this one answer."""
    return {"const": canary}


def bound(number):
    """A request whose answer must be its own canary, in a prompt of any length."""
    canary = f"{number * 7:05d}"
    return canary, Generate(messages=ask(f"{canary} " * (1 + number % 5)), max_tokens=20, schema=only(canary))


@pytest.mark.parametrize("engine", ["loop", "manager"])
def test_canaries_of_many_batches_stay_in_their_rows(local, engine):
    """Free text, schemas, choices and cancelled requests mixed; what is written alone is known."""
    backend, random = local(rows=ROWS, engine=engine, cache_tokens=16384), Random(11)
    free = [
        replace(request, n=1 + number % 2, max_tokens=3 + number % 6)
        for number, request in enumerate(requests(24, seed=4))
    ]
    expected = [single(backend, request) for request in free]
    choice = Choose(messages=ask("broken"), answers=("good", "bad"))
    weighed = backend.submit(choice).result(WITHIN).probabilities
    kept = 0

    for batch in range(BATCHES):
        places = random.sample(range(len(free)), 3)
        canaries, guided = zip(*(bound(batch * 3 + number) for number in range(3)), strict=True)
        with backend._changed:  # all of them before the engine looks
            texts = [backend.submit(free[place]) for place in places]
            answers = [backend.submit(request) for request in guided]
            chosen = [backend.submit(choice) for _ in range(batch % 5 == 0)]
            unwanted = backend.submit(replace(free[0], max_tokens=500))
        unwanted.cancel()

        for place, future in zip(places, texts, strict=True):
            found = {candidate.text.rstrip("\ufffd") for candidate in future.result(WITHIN).candidates}
            assert found == {expected[place]}
            kept += 1
        told = [json.loads(future.result(WITHIN).candidates[0].text) for future in answers]
        assert told == list(canaries)
        for future in chosen:
            assert future.result(WITHIN).probabilities == pytest.approx(weighed, abs=1e-5)

    assert kept == 3 * BATCHES


@pytest.mark.lm
@pytest.mark.parametrize("engine", ["loop", "manager"])
def test_the_embedded_checkpoint_writes_alone_what_it_writes_in_a_batch(embedded, engine):
    """Greedy, fp32, up to 32 tokens, mixed lengths, some leave early and some are cancelled."""
    from shop_ai.lm.local import LocalBackend
    from tests.benchmarks.engine.subjects import texts

    options = {"folder": str(embedded.path.parent), "device": "cpu", "dtype": "float32", "rows": 6}
    backend = LocalBackend("smollm2-135m", {**options, "engine": engine, "cache_tokens": 16384})
    backend.open()
    try:
        wanted = [
            replace(request, max_tokens=32 if number % 3 else 6) for number, request in enumerate(texts(12))
        ]
        futures = [backend.submit(request) for request in wanted]
        for future in futures[1::6]:
            future.cancel()

        pairs = [
            (future.result(600).candidates[0].text.rstrip("\ufffd"), single(backend, request))
            for future, request in zip(futures, wanted, strict=True)
            if not future.cancelled()
        ]

        assert len(pairs) == 10
        assert [together for together, _ in pairs] == [alone for _, alone in pairs]
    finally:
        backend.close()
