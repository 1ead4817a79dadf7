"""Choices in float32, by length, and calibrated: what a request may ask beside the plain probabilities."""

from __future__ import annotations

import shutil
import threading
from math import log

import pytest
import torch

from shop_ai.exceptions import BackendError
from shop_ai.lm.base import Choose, Generate
from shop_ai.lm.calibration import softmax
from shop_ai.lm.local import build
from shop_ai.lm.local.choose import recompute, told_apart, weigh
from shop_ai.lm.local.precise import Precise
from shop_ai.testing import ask
from tests.lm.test_loop import submit_at_once, texts

ANSWERS = ("good", "bad", "yes very much so")


def choose(text="broken on arrival", **fields):
    return Choose(**{"messages": ask(text), "answers": ANSWERS, **fields})


def answers(backend, wanted):
    return [future.result(60) for future in submit_at_once(backend, wanted)]


def one(backend, **fields):
    return answers(backend, [choose(**fields)])[0]


# -- float32 -----------------------------------------------------------------------------------


def test_a_shared_prefix_and_one_computed_anew_agree(local):
    """fp32: to 1e-5 on a probability, whichever way it is computed."""
    backend = local()
    loop, intake = backend.loop, backend.loop.intake
    prompts = [intake.prompts.prompt(ask(text)) for text in texts(20, seed=8)]
    ids = told_apart([intake.prompts.trusted(answer) for answer in ANSWERS], min(intake.stops))

    with torch.inference_mode():
        shared = weigh(loop.rows, prompts, ids, prompts[0].prefix, 5000)
        whole = recompute(loop.network, prompts, ids)

    torch.testing.assert_close(torch.softmax(shared, -1), torch.softmax(whole, -1), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("checkpoint", "adapter"), [("tiny", None), ("tiny", "red"), ("tiny", "blue"), ("sliding", "green")]
)
def test_precise_in_bfloat16_is_what_float32_gives(local, checkpoint, adapter):
    rough, fine = local(checkpoint, dtype="bfloat16"), local(checkpoint)
    wanted = [(text, by_length) for text in texts(6, seed=2) for by_length in (False, True)]
    plain = [choose(text, adapter=adapter, by_length=by_length) for text, by_length in wanted]
    precise = [choose(text, adapter=adapter, by_length=by_length, precise=True) for text, by_length in wanted]

    found, served, expected = answers(rough, precise), answers(rough, plain), answers(fine, plain)

    for mine, quick, right in zip(found, served, expected, strict=True):
        assert mine.probabilities == pytest.approx(right.probabilities, abs=1e-5)
        assert mine.as_served == pytest.approx(quick.probabilities, abs=0.05)
        assert (mine.provenance["dtype"], "dtype" in quick.provenance) == ("float32", False)
    gaps = [abs(a - b) for mine in found for a, b in zip(mine.probabilities, mine.as_served, strict=True)]
    assert max(gaps) > 1e-4  # bfloat16 is another figure


def test_a_backend_in_float32_keeps_no_copy(local):
    backend = local()

    found = one(backend, precise=True)

    assert backend.loop.weighing.precise is None
    assert found.as_served == found.probabilities == one(backend).probabilities


def test_the_copy_is_loaded_when_it_is_first_asked_for_and_only_once(local, monkeypatch):
    loaded = []
    load = build._copy

    def counted(*args):
        loaded.append(1)
        return load(*args)

    monkeypatch.setattr(build, "_copy", counted)
    backend = local(dtype="bfloat16")
    one(backend)
    assert loaded == []

    one(backend, precise=True)
    one(backend, precise=True, adapter="red")

    assert loaded == [1]


def test_the_copy_follows_the_adapter_back_to_the_same_bits(local):
    backend = local(dtype="bfloat16")
    first = one(backend, precise=True)

    red = one(backend, precise=True, adapter="red")

    alone = one(local(), adapter="red")
    assert one(backend, precise=True).probabilities == first.probabilities
    assert red.probabilities == pytest.approx(alone.probabilities, abs=1e-5)
    assert red.probabilities != pytest.approx(first.probabilities, abs=1e-3)


def test_without_the_memory_for_a_copy_only_who_asks_for_it_fails(local, monkeypatch):
    backend = local(dtype="bfloat16")
    monkeypatch.setattr(build, "free_memory", lambda device: 1000)

    plain, precise, text = submit_at_once(
        backend, [choose(), choose(precise=True), Generate(messages=ask("x"), max_tokens=4)]
    )

    assert "MB of main memory, and 0 MB are free" in str(precise.exception(60))
    assert plain.result(60).probabilities and text.result(60).candidates
    assert backend.loop.limits.share == 1.0


def test_a_copy_that_cannot_be_loaded_is_told(local, folder, tmp_path):
    own = shutil.copytree(folder, tmp_path / "checkpoints")
    backend = local(folder=own, dtype="bfloat16")
    (own / "tiny" / "model.safetensors").write_bytes(b"")

    (precise,) = submit_at_once(backend, [choose(precise=True)])

    assert "could not be loaded" in str(precise.exception(60))
    assert one(backend).probabilities


def test_loading_shows_progress():
    """A large checkpoint takes longer to load than the worker would wait in silence."""
    seen = threading.Event()

    def load():
        assert seen.wait(60)
        raise BackendError("loaded far enough")

    with pytest.raises(BackendError, match="far enough"):
        Precise(load, seen.set).rows(None)


# -- length ------------------------------------------------------------------------------------


def test_length_counts_only_for_who_asks(local):
    """Both in one batch: the sums are the same, each is read in its own way."""
    backend = local()
    intake = backend.loop.intake
    ids = told_apart([intake.prompts.trusted(answer) for answer in ANSWERS], min(intake.stops))
    with torch.inference_mode():
        (sums,) = recompute(backend.loop.network, [intake.prompts.prompt(ask("it broke"))], ids).tolist()

    by_sum, by_mean = answers(backend, [choose("it broke"), choose("it broke", by_length=True)])

    assert len({len(answer) for answer in ids}) > 1
    assert by_sum.probabilities == pytest.approx(softmax(sums), abs=1e-5)
    means = [total / len(answer) for total, answer in zip(sums, ids, strict=True)]
    assert by_mean.probabilities == pytest.approx(softmax(means), abs=1e-5)


# -- calibration -------------------------------------------------------------------------------


@pytest.mark.parametrize("by_length", [False, True])
def test_an_adapters_temperature_is_applied_for_its_skill(local, by_length):
    """red was calibrated at 2.5 for score_review."""
    backend = local()

    plain = one(backend, adapter="red", by_length=by_length)
    calibrated = one(backend, adapter="red", by_length=by_length, skill="score_review")

    scores = [log(probability) for probability in plain.probabilities]
    assert calibrated.probabilities == pytest.approx(softmax(scores, 2.5), abs=1e-6)
    assert calibrated.provenance["calibration"] == 2.5
    assert max(calibrated.probabilities) < max(plain.probabilities)


def test_the_precise_and_the_served_figure_are_calibrated_alike(local):
    plain = one(local(dtype="bfloat16"), adapter="red", precise=True)
    found = one(local(dtype="bfloat16"), adapter="red", precise=True, skill="score_review")

    for name in ("probabilities", "as_served"):
        scores = [log(probability) for probability in getattr(plain, name)]
        assert getattr(found, name) == pytest.approx(softmax(scores, 2.5), abs=1e-5)


@pytest.mark.parametrize(
    ("adapter", "skill"), [("red", "other_skill"), ("blue", "score_review"), (None, "score_review")]
)
def test_without_a_temperature_nothing_is_changed(local, adapter, skill):
    backend = local()

    found = one(backend, adapter=adapter, skill=skill)

    assert found.probabilities == one(backend, adapter=adapter).probabilities
    assert "calibration" not in found.provenance


def test_numbers_that_are_none_fail_the_choice(local):
    backend = local()
    backend.loop.network.model.get_output_embeddings().weight.fill_(torch.nan)

    (future,) = submit_at_once(backend, [choose()])

    assert "out of range" in str(future.exception(60))
