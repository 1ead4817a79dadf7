"""Choices, masks, sampling and limits, below the loop."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
import torch
from pydantic import TypeAdapter

from shop_ai.exceptions import CheckpointError, UnsupportedRequest
from shop_ai.lm.base import Choose, Generate, Sampling
from shop_ai.lm.local import machine
from shop_ai.lm.local.cache import SMALLEST, Layer, Slots
from shop_ai.lm.local.choose import probabilities, recompute, told_apart, weigh
from shop_ai.lm.local.limits import Limits, Trouble
from shop_ai.lm.local.masks import Grammars
from shop_ai.lm.local.options import WORDS
from shop_ai.lm.local.sampling import draw
from shop_ai.lm.local.ticket import Row, Ticket
from shop_ai.testing import Verdict, ask
from tests.lm import tiny
from tests.lm.test_loop import texts

# -- Choices ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", [("good", "bad"), ("yes", "yes very much so", "no way")])
def test_a_shared_prefix_changes_nothing(local, answers):
    backend = local()
    loop, intake = backend.loop, backend.loop.intake
    prompts = [intake.prompts.prompt(ask(text)) for text in texts(20, seed=8)]
    ids = told_apart([intake.prompts.trusted(answer) for answer in answers], min(intake.stops))

    with torch.inference_mode():
        shared = weigh(loop.rows, prompts, ids, prompts[0].prefix, 5000)
        alone = weigh(loop.rows, prompts, ids, (), 5000)
        whole = recompute(loop.network, prompts, ids)

    torch.testing.assert_close(shared, alone, atol=2e-5, rtol=1e-5)
    torch.testing.assert_close(shared, whole, atol=2e-5, rtol=1e-5)


def test_choices_during_writing_disturb_nobody(local):
    backend = local()
    text = Generate(messages=ask("kettle"), max_tokens=40)
    choice = Choose(messages=ask("broken"), answers=("good", "bad", "very bad"))
    quiet = backend.submit(text).result(15), backend.submit(choice).result(15)

    with backend._changed:
        together = [backend.submit(request) for request in (text, choice, text, choice)]

    assert together[0].result(15).candidates == together[2].result(15).candidates == quiet[0].candidates
    for future in (together[1], together[3]):
        assert future.result(15).probabilities == pytest.approx(quiet[1].probabilities, abs=1e-5)


def test_more_choices_than_one_batch_holds(local):
    backend = local()
    backend.loop.limits.share = 0.02
    wanted = [Choose(messages=ask(text), answers=("good", "bad")) for text in texts(30)]

    futures = [backend.submit(request) for request in wanted]

    assert all(sum(future.result(15).probabilities) == pytest.approx(1) for future in futures)


def test_an_answer_that_begins_another_gets_an_end():
    assert told_apart([(1,), (1, 2)], 9) == ((1, 9), (1, 2, 9))
    assert told_apart([(1,), (2,)], 9) == ((1,), (2,))


def test_length_can_be_made_not_to_count():
    by_sum = probabilities([-2.0, -3.0], [1, 3], by_length=False)
    by_mean = probabilities([-2.0, -3.0], [1, 3], by_length=True)

    assert by_sum[0] > by_sum[1]
    assert by_mean[0] < by_mean[1]


# -- Masks -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grammars():
    tokenizer = tiny.tokenizer()
    return Grammars(tokenizer, len(tokenizer) + 8, [tokenizer.eos_token_id]), tokenizer


def follow(grammars, tokenizer, schema, seed):
    """A random walk through the grammar."""
    vocabulary, random = len(tokenizer) + 8, Random(seed)
    request = Generate(messages=ask("x"), max_tokens=999, sampling=Sampling(temperature=5.0), schema=schema)
    row = Row(ticket=Ticket(request, None), number=0, random=random, guide=grammars.guide(schema))
    generator = torch.Generator().manual_seed(seed)
    while not row.guide.stopped:
        logits = torch.randn((1, vocabulary), generator=generator)
        (token,) = draw(logits, [row])
        assert not row.error
        if token == tokenizer.eos_token_id:
            assert row.guide.accepts
            break
        assert row.guide.take(token)
        row.tokens.append(token)
    return tokenizer.decode(row.tokens)


@pytest.mark.parametrize("seed", range(5))
def test_every_walk_through_a_grammar_is_valid(grammars, seed):
    text = follow(*grammars, Verdict.model_json_schema(), seed)

    Verdict.model_validate_json(text)


@pytest.mark.parametrize("kind", [bool, int | None, list[bool]])
def test_the_end_comes_only_where_the_grammar_allows_it(grammars, kind):
    adapter = TypeAdapter(kind)

    adapter.validate_json(follow(*grammars, adapter.json_schema(), 3))


def test_a_schema_is_compiled_once_and_the_oldest_is_forgotten(grammars):
    compiler = Grammars(grammars[1], len(grammars[1]), [2])

    for number in range(70):
        compiler.guide({"const": number})
    compiler.guide({"const": 69})

    assert len(compiler._compiled) == 64


@pytest.mark.parametrize(
    "schema", [{"type": "nonsense"}, {"pattern": "(", "type": "string"}, {"$ref": "#/x"}]
)
def test_a_schema_that_cannot_be_compiled_is_refused(grammars, schema):
    with pytest.raises(UnsupportedRequest, match="cannot be compiled"):
        grammars[0].guide(schema)


def test_a_row_that_leaves_its_grammar_fails(local):
    backend = local()
    intake = backend.loop.intake
    ticket = Ticket(Generate(messages=ask("x"), max_tokens=9, schema={"const": 1}), None)
    intake.prepare(ticket)
    row = intake.row(ticket, 0)

    intake.write(row, intake.prompts.trusted("x")[0])
    intake.write(row, intake.prompts.trusted("y")[0])

    assert "could not be followed" in row.error
    assert len(row.tokens) == 1
    assert draw(torch.zeros((1, backend.loop.network.vocabulary)), [row])


# -- Sampling --------------------------------------------------------------------------------------


def drawn(logits, number, **sampling):
    request = Generate(messages=ask("x"), max_tokens=1, sampling=Sampling(**sampling))
    rows = [Row(ticket=Ticket(request, None), number=0, random=Random(n)) for n in range(number)]
    return Counter(draw(torch.tensor([logits] * number), rows))


def test_temperature_0_takes_the_best():
    assert drawn([0.0, 2.0, 1.0], 20) == {1: 20}


def test_sampling_follows_the_probabilities():
    counts = drawn([0.0, 1.0986, -9e9], 4000, temperature=1.0)

    assert counts[1] / counts[0] == pytest.approx(3, rel=0.15)
    assert 2 not in counts


def test_a_nucleus_keeps_the_tail_out():
    logits = [3.0, 2.0, 1.0, 0.0]

    assert set(drawn(logits, 500, temperature=1.0, top_p=0.8)) == {0, 1}
    assert set(drawn(logits, 50, temperature=1.0, top_p=0.01)) == {0}
    assert set(drawn(logits, 500, temperature=1.0, top_p=0.999)) == {0, 1, 2, 3}


def test_a_flat_nucleus_reaches_beyond_the_sorted_head():
    counts = drawn([0.0] * 1000, 500, temperature=1.0, top_p=0.9)

    assert len(counts) > 256


def test_the_largest_uniform_number_draws_a_possible_token():
    class One(Random):
        def random(self):
            return 1.0 - 2**-53

    request = Generate(messages=ask("x"), max_tokens=1, sampling=Sampling(temperature=1.0))
    row = Row(ticket=Ticket(request, None), number=0, random=One())

    assert draw(torch.tensor([[1.0, 1.0, -float("inf")]]), [row]) == [1]


# -- Limits and machine ----------------------------------------------------------------------------


def test_the_checks_know_every_precision_and_engine():
    known = {"dtype": machine.DTYPES, "engine": machine.ENGINES, "process": ("own", "same")}

    assert {name: set(words) for name, words in WORDS.items()} == {
        name: {"auto", *words} for name, words in known.items()
    }


def test_memory_that_runs_out_halves_and_success_grows_again():
    limits = Limits(rows=8, tokens=1000)

    for _ in range(5):
        limits.shrink()
    assert (limits.rows_now, limits.prefill_tokens(10_000)) == (1, 5000)
    for _ in range(50 * 30):
        limits.went_well()

    assert limits.share == 1.0
    assert limits.prefill_tokens(10_000) == 16_384
    assert limits.prefill_tokens(1) == 128


@pytest.mark.parametrize(
    ("error", "memory", "fatal"),
    [
        (MemoryError(), True, False),
        (torch.OutOfMemoryError("x"), True, False),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), True, False),
        (RuntimeError("CUDA error: an illegal memory access"), False, True),
        (ValueError("first\nsecond"), False, False),
    ],
)
def test_an_error_is_told_by_what_it_says(error, memory, fatal):
    trouble = Trouble.of(error)

    assert (trouble.memory, trouble.fatal) == (memory, fatal)
    assert "\n" not in trouble.text


def test_precision_follows_the_processor(monkeypatch):
    cpu = torch.device("cpu")

    for flags, wanted in [("avx512_bf16", torch.bfloat16), ("sse", torch.float32)]:
        monkeypatch.setattr(machine.Path, "read_text", lambda self, flags=flags: flags)
        assert machine.pick_dtype("auto", cpu) == wanted
    assert machine.pick_dtype("float32", cpu) == torch.float32
    with pytest.raises(CheckpointError, match="dtype"):
        machine.pick_dtype("int3", cpu)


def test_without_linux_there_are_guesses(monkeypatch):
    def missing(self):
        raise OSError

    monkeypatch.setattr(machine.Path, "read_text", missing)

    assert machine.pick_dtype("auto", torch.device("cpu")) == torch.float32
    assert machine.free_memory(torch.device("cpu")) == 4 << 30
    assert machine.cores() >= 1


def test_a_quota_limits_the_cores(monkeypatch):
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)
    monkeypatch.setattr(machine.Path, "read_text", lambda self: "350000 100000")

    assert machine.cores() == 3


@pytest.mark.parametrize(("attention", "wanted"), [("sdpa", "loop"), ("flash_attention_2", "manager")])
def test_the_manager_writes_where_its_attention_is_flash(attention, wanted):
    assert machine.pick_engine("auto", attention) == wanted
    assert machine.pick_engine("loop", attention) == "loop"
    assert machine.pick_engine("manager", attention) == "manager"


def test_a_device_that_is_not_there_is_refused():
    if not torch.cuda.is_available():
        assert machine.pick_device("auto").type == "cpu"
        with pytest.raises(CheckpointError, match="no CUDA"):
            machine.pick_device("cuda")


# -- The cache ---------------------------------------------------------------------------------------


def test_memory_that_runs_out_half_way_leaves_the_cache_usable(monkeypatch):
    cache = Slots(layers=3, places=40)
    for layer in cache.own:
        layer.lazy_initialization(torch.ones(1, 2, 1, 4), torch.ones(1, 2, 1, 4))
    grow, calls = Layer.grow, []

    def sometimes(self, places, tokens):
        calls.append(self)
        if len(calls) == 2:
            raise MemoryError
        grow(self, places, tokens)

    monkeypatch.setattr(Layer, "grow", sometimes)
    with pytest.raises(MemoryError):
        cache.ensure(30, 600)
    assert (cache.room, cache.tokens) == (16, SMALLEST)

    cache.ensure(20, 600)

    assert (cache.room, cache.tokens) == (32, 640)
    assert {held.shape for layer in cache.own for held in layer.held} == {(32, 2, 640, 4)}


def test_memory_is_held_for_the_rows_in_use_only(local):
    backend = local(rows=64)
    few = backend.submit(Generate(messages=ask("x"), max_tokens=4))
    few.result(15)
    held = backend.loop.rows.cache.room

    with backend._changed:
        many = [backend.submit(Generate(messages=ask("x"), max_tokens=30)) for _ in range(40)]

    assert all(future.result(30).candidates for future in many)
    assert held == 16
    assert 40 <= backend.loop.rows.cache.room < backend.loop.rows.cache.places
