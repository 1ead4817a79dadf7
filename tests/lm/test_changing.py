"""Adapters in turn on one backend: each answer is that of a backend that only ever had that adapter."""

from __future__ import annotations

import shutil
import time
from random import Random

import pytest

from shop_ai.exceptions import AdapterError, AdapterMisfit, BackendError
from shop_ai.lm import adapters, checkpoints
from shop_ai.lm.base import Choose, Generate, Sampling
from shop_ai.testing import ask
from tests.lm import tiny
from tests.lm.test_loop import out_of_memory, submit_at_once, texts

ADAPTERS = {"tiny": (None, "red", "blue"), "sliding": (None, "green")}
ANSWERS = ("good", "bad", "very bad")


def generate(text, adapter, **fields):
    return Generate(**{"messages": ask(text), "max_tokens": 12, "adapter": adapter, **fields})


def stream(number, names, *, seed=1):
    """Requests of every kind under each of the adapters, mixed."""
    random, made = Random(seed), []
    sampled = {"n": 2, "sampling": Sampling(temperature=1.0, top_p=0.9, seed=5)}
    for text in texts(number, seed=seed):
        adapter, kind = random.choice(names), random.randrange(4)
        if kind == 0:
            made.append(Choose(messages=ask(text), answers=ANSWERS, adapter=adapter))
        else:
            fields = sampled if kind == 1 else {}
            made.append(generate(text, adapter, max_tokens=random.randrange(4, 40), **fields))
    return made


def answers(futures):
    return [future.result(60) for future in futures]


def same(one, other):
    return one.candidates == other.candidates and one.probabilities == pytest.approx(
        other.probabilities, abs=1e-5
    )


def peft_writes(backend, model, request):
    """What transformers' own `generate` writes with peft's own, unmerged model."""
    import torch

    intake = backend.loop.intake
    prompt = intake.prompts.prompt(request.messages)
    ids = torch.tensor([[*prompt.prefix, *prompt.rest]])
    stops, most = sorted(intake.stops), request.max_tokens
    with torch.inference_mode():
        out = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            eos_token_id=stops,
            max_new_tokens=most,
            do_sample=False,
            pad_token_id=0,
        )
    return intake.prompts.text(out[0, ids.shape[1] :].tolist()).rstrip("\ufffd")


# -- the same answers --------------------------------------------------------------------------


@pytest.mark.parametrize(("checkpoint", "name"), [("tiny", "red"), ("tiny", "blue"), ("sliding", "green")])
def test_greedy_text_is_that_of_pefts_own_unmerged_model(local, folder, adapter_folder, checkpoint, name):
    backend = local(checkpoint)
    beside = tiny.unmerged(checkpoints.verify(checkpoint, folder), adapters.find(name, adapter_folder))
    wanted = [generate(text, name, max_tokens=24) for text in texts(12, seed=4)]

    written = answers(submit_at_once(backend, wanted))

    assert [each.candidates[0].text.rstrip("\ufffd") for each in written] == [
        peft_writes(backend, beside, request) for request in wanted
    ]


@pytest.mark.parametrize("turn", [0.0, 2.0])
@pytest.mark.parametrize("checkpoint", ["tiny", "sliding"])
def test_a_mixed_stream_is_answered_as_if_each_adapter_were_alone(local, checkpoint, turn):
    """With a turn of no length, rows are parked and taken up again after every token."""
    names = ADAPTERS[checkpoint]
    wanted = stream(40, names)
    alone = {name: local(checkpoint, rows=7) for name in names}
    expected = [alone[request.adapter].submit(request) for request in wanted]

    mixed = local(checkpoint, rows=7, turn=turn)
    found = answers(submit_at_once(mixed, wanted))

    pairs = zip(found, answers(expected), strict=True)
    assert all(same(one, other) for one, other in pairs)
    assert mixed.loop.changing.count > (40 if turn == 0 else len(names) - 2)
    assert not mixed.loop.changing.parked


def test_the_adapters_write_different_things(local):
    backend = local()

    found = answers(submit_at_once(backend, [generate("kettle", name) for name in (None, "red", "blue")]))

    assert len({each.candidates[0].text for each in found}) == 3


def test_with_long_turns_each_adapter_has_one(local):
    backend = local(turn=3600.0)
    wanted = [generate(text, name) for text in texts(10) for name in ("red", None, "blue")]

    answers(submit_at_once(backend, wanted))

    assert backend.loop.changing.count == 3


def test_a_known_prefix_of_other_weights_is_not_used(local):
    """The system's words are computed once for each adapter in its turn."""
    backend, other = local(), local()
    first = generate("kettle", None)
    answers(submit_at_once(backend, [first]))
    assert backend.loop.rows._prefixes

    found = answers(submit_at_once(backend, [generate("kettle", "red")]))

    assert found[0].candidates == answers(submit_at_once(other, [generate("kettle", "red")]))[0].candidates


def test_an_answer_says_what_it_was_made_with(local, adapter_folder):
    backend = local()
    red = adapters.find("red", adapter_folder)
    choice = Choose(messages=ask("x"), answers=ANSWERS, adapter="red")

    bare, written, weighed = answers(
        submit_at_once(backend, [generate("x", None), generate("x", "red"), choice])
    )

    assert bare.provenance == {}
    assert written.provenance == {"adapter": "red", "adapter_sha256": red.weights_sha256}
    assert weighed.provenance == written.provenance
    assert "adapter" not in backend.describe()


# -- fairness ----------------------------------------------------------------------------------


def test_who_comes_into_a_long_run_does_not_wait_for_its_end(local):
    backend = local(rows=4, turn=0.01)
    run = submit_at_once(backend, [generate(text, "red", max_tokens=1500) for text in texts(8)])

    answers([backend.submit(generate("a short question", None, max_tokens=4))])

    assert sum(future.done() for future in run) < 8
    for future in run:
        future.cancel()


def test_rows_that_are_parked_can_be_cancelled(local):
    backend = local(turn=0.0)
    wanted = [generate(text, name, max_tokens=1200) for text in texts(3) for name in (None, "red")]
    futures = submit_at_once(backend, wanted)
    while not backend.loop.changing.parked:
        time.sleep(0.001)

    cancelled = [future.cancel() for future in futures]

    assert all(cancelled)

    assert answers([backend.submit(generate("next", "blue"))])[0].candidates
    assert backend.loop.idle


def test_parked_rows_count_as_memory_in_use(local, monkeypatch):
    backend = local(turn=0.0, cache_tokens=1500)
    wanted = [generate(text, name, max_tokens=60) for text in texts(30, longest=10) for name in (None, "red")]
    loop, in_use = backend.loop, []
    decode = loop.rows.decode

    def watched(*args):
        in_use.append(loop.changing.parked_tokens + sum(row.ticket.length for row in loop.active))
        return decode(*args)

    monkeypatch.setattr(loop.rows, "decode", watched)

    answers(submit_at_once(backend, wanted))

    longest = 200
    assert 1000 < max(in_use) <= 1500 + longest


# -- trouble -----------------------------------------------------------------------------------


@pytest.fixture
def own(adapter_folder, tmp_path):
    """A folder of this test's own with red and blue."""
    for name in ("red", "blue"):
        shutil.copytree(adapter_folder / name, tmp_path / name)
    return tmp_path


def spoil(path):
    """Damage an adapter so that only reading it shows."""
    weights = path / "adapter_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-100] ^= 1
    weights.write_bytes(data)


def test_an_adapter_that_is_damaged_fails_its_own_requests_only(local, own):
    backend = local(adapter_folder=own)
    spoil(own / "red")
    names = ["blue", "red", None, "red", "blue"]

    futures = submit_at_once(backend, [generate("x", name) for name in names])

    for name, future in zip(names, futures, strict=True):
        if name == "red":
            assert "was changed" in str(future.exception(30))
            assert isinstance(future.exception(), AdapterError)
        else:
            assert future.result(30).candidates


@pytest.mark.parametrize(
    ("name", "error"), [("grey", AdapterError), ("green", AdapterMisfit), ("../red", AdapterError)]
)
def test_one_that_is_missing_or_does_not_fit_is_refused_at_once(local, name, error):
    backend = local()

    futures = submit_at_once(backend, [generate("x", None), generate("x", name), generate("x", "red")])

    assert isinstance(futures[1].exception(30), error)
    assert futures[0].result(30).candidates and futures[2].result(30).candidates


def test_one_that_the_checkpoint_has_no_layers_for_is_refused(local, own, folder, monkeypatch):
    checkpoint = checkpoints.verify("tiny", folder)
    other = tiny.adapter(own / "odd", checkpoints.verify("sliding", folder), target_modules=["k_proj"])
    from safetensors.torch import load_file, save_file

    tensors = load_file(other.path / "adapter_model.safetensors")
    renamed = {name.replace("k_proj", "kk_proj"): tensor for name, tensor in tensors.items()}
    save_file(renamed, other.path / "adapter_model.safetensors")
    adapters.seal(other.path, name="odd", checkpoint=checkpoint, licence="x")
    backend = local(adapter_folder=own)

    bad, good = submit_at_once(backend, [generate("x", "odd"), generate("x", "red")])

    assert "the checkpoint has no linear layer" in str(bad.exception(30))
    assert good.result(30).candidates


def test_memory_that_runs_out_while_merging_leaves_the_bare_checkpoint(local, monkeypatch):
    from shop_ai.lm.local.lora import Delta

    backend = local(turn=0.0)
    expected = answers(submit_at_once(local(), [generate("x", None, max_tokens=200)]))

    def broken(self, weight, scratch):
        raise out_of_memory()

    monkeypatch.setattr(Delta, "add_to", broken)
    bare, red = submit_at_once(backend, [generate("x", None, max_tokens=200), generate("x", "red")])

    assert "The adapter red could not be merged (OutOfMemoryError" in str(red.exception(30))
    assert bare.result(30).candidates == expected[0].candidates
    monkeypatch.undo()
    assert answers([backend.submit(generate("x", "red"))])[0].provenance["adapter"] == "red"


@pytest.mark.parametrize("checkpoint", ["tiny", "sliding"])
@pytest.mark.parametrize("what", ["park", "resume"])
def test_rows_that_cannot_be_parked_begin_again(local, checkpoint, what, monkeypatch):
    name = ADAPTERS[checkpoint][1]
    wanted = [generate(text, adapter, max_tokens=30) for text in texts(4) for adapter in (None, name)]
    expected = answers(submit_at_once(local(checkpoint), wanted))
    backend = local(checkpoint, turn=0.0)
    kind, left = type(backend.loop.rows), [3]
    whole = getattr(kind, what)

    def broken(self, *args):
        left[0] -= 1
        if left[0] >= 0:
            raise out_of_memory()
        return whole(self, *args)

    monkeypatch.setattr(kind, what, broken)

    found = answers(submit_at_once(backend, wanted))

    assert [each.candidates for each in found] == [each.candidates for each in expected]
    assert left[0] < 0


def test_rows_of_an_adapter_that_was_damaged_meanwhile_fail(local, own, monkeypatch):
    backend = local(adapter_folder=own, turn=0.0)
    changing, park, parked = backend.loop.changing, backend.loop.rows.park, []

    def damaging():
        if changing.present == "red":
            parked.append(1)
            if len(parked) == 3:
                (own / "red" / "manifest.json").write_text("{")
        return park()

    monkeypatch.setattr(backend.loop.rows, "park", damaging)

    red, bare = submit_at_once(backend, [generate("kettle", name, max_tokens=60) for name in ("red", None)])

    assert "manifest.json is damaged" in str(red.exception(60))
    assert bare.result(60).candidates
    assert changing.parked == {}


def test_rows_of_an_adapter_that_was_replaced_begin_again_under_the_new_one(local, own, monkeypatch):
    backend = local(adapter_folder=own, turn=0.0)
    wanted = [generate("kettle", "red", max_tokens=60), generate("x", None, max_tokens=60)]
    park, parked = backend.loop.rows.park, []

    def replaced():
        if backend.loop.changing.present == "red":
            parked.append(1)
            if len(parked) == 5:
                shutil.rmtree(own / "red")
                shutil.copytree(own / "blue", own / "red")
        return park()

    monkeypatch.setattr(backend.loop.rows, "park", replaced)

    found, _ = answers(submit_at_once(backend, wanted))

    fresh = answers([local(adapter_folder=own).submit(wanted[0])])[0]
    assert len(parked) > 5
    assert found.candidates == fresh.candidates
    assert found.provenance == fresh.provenance


def test_weights_that_cannot_be_restored_end_the_engine(local, monkeypatch):
    backend = local(turn=0.0)
    answers([backend.submit(generate("x", "red"))])
    monkeypatch.setattr(type(backend.loop.changing.weights), "_weight", _gone)

    future = backend.submit(generate("x", None))

    assert "own weights could not be restored" in str(future.exception(30))
    assert isinstance(backend.submit(generate("x", None)).exception(0), BackendError)


def _gone(self, name):
    raise MemoryError
