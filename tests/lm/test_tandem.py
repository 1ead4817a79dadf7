"""Free text through transformers' manager, beside the loop: the same answers, and nobody pays for another."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, wait
from itertools import pairwise

import pytest

from shop_ai.exceptions import CheckpointError, RequestTooLarge
from shop_ai.lm.base import Choose, Generate, Sampling
from shop_ai.testing import ask
from tests.celery.harness import wait_until
from tests.lm.test_loop import out_of_memory, poison, requests, single, submit_at_once, texts

WITHIN = 60
CHOICE = Choose(messages=ask("broken"), answers=("good", "bad", "very bad"))


@pytest.fixture
def manager(local):
    """Makes backends whose free text goes through the manager, on the CPU."""

    def make(checkpoint="tiny", **options):
        return local(checkpoint, **{"engine": "manager", "cache_tokens": 8192, "page": 16, **options})

    return make


def inner(backend):
    """transformers' own object."""
    return backend.loop.writing.manager._inner


def endless(backend):
    """Let no text end before its `max_tokens`."""
    backend.loop.intake.stops = frozenset({-1})
    backend.loop.writing.manager._stops = []


def spoil(backend, error, *, when=lambda ids: True, times=None):
    """Make the manager's forward passes raise; gives the list of spoilt ones."""
    model, spoilt = inner(backend).model, []
    forward = model.forward

    def broken(input_ids, **inputs):
        if when(input_ids) and (times is None or len(spoilt) < times):
            spoilt.append(input_ids.numel())
            raise error()
        return forward(input_ids=input_ids, **inputs)

    model.forward = broken
    return spoilt


def first_steps(backend):
    """An event that is set as soon as the manager has made a step."""
    step = threading.Event()
    backend.loop.writing.manager._progress = step.set
    return step


def written(backend, wanted):
    futures = [backend.submit(request) for request in wanted]
    return [future.result(WITHIN).candidates[0].text for future in futures]


# -- Equal to one by one ---------------------------------------------------------------------------


@pytest.mark.parametrize("checkpoint", ["tiny", "sliding"])
def test_greedy_text_is_what_each_request_alone_would_get(manager, checkpoint):
    backend = manager(checkpoint, rows=16)
    wanted = [Generate(messages=ask(text), max_tokens=64) for text in texts(60, longest=60)]
    before = backend.loop.network.forwards

    together = written(backend, wanted)

    assert backend.loop.network.forwards == before  # the loop wrote none of it
    pairs = zip(together, wanted, strict=True)
    equal = sum(text.rstrip("\ufffd") == single(backend, request) for text, request in pairs)
    assert equal >= 0.99 * len(wanted)


def test_greedy_neighbours_of_sampled_rows_stay_greedy(manager):
    backend = manager()
    greedy = requests(6, seed=3)
    noisy = requests(6, seed=4, sampling=Sampling(temperature=2, top_p=1))  # whole numbers on purpose

    together = written(backend, [request for pair in zip(greedy, noisy, strict=True) for request in pair])

    assert [text.rstrip("\ufffd") for text in together[::2]] == [single(backend, r) for r in greedy]


def test_candidates_are_requests_of_their_own(manager):
    backend = manager()
    added, add = [], backend.loop.writing.manager.add
    backend.loop.writing.manager.add = lambda name, *rest, **more: (
        added.append(name),
        add(name, *rest, **more),
    )
    request = Generate(messages=ask("kettle"), max_tokens=20, n=4, sampling=Sampling(temperature=1.5))

    candidates = backend.submit(request).result(WITHIN).candidates

    assert len(set(added)) == len(candidates) == 4
    assert len({candidate.text for candidate in candidates}) > 1


def test_candidates_are_ranked_by_the_loop(manager):
    backend = manager()
    request = Generate(messages=ask("kettle"), max_tokens=9, n=3, sampling=Sampling(temperature=1), rank=True)

    candidates = backend.submit(request).result(WITHIN).candidates

    assert all(candidate.score < 0 for candidate in candidates)


# -- Entering and leaving --------------------------------------------------------------------------


def test_nothing_enters_that_the_cache_could_not_hold(manager):
    backend = manager(rows=6, cache_tokens=1024)
    writing, seen = backend.loop.writing, []
    add = writing.manager.add

    def counted(*args, **more):
        need = sum(writing.manager.needs(row.ticket.length) for row in writing.flying.values())
        seen.append((len(writing.flying), need))
        add(*args, **more)

    writing.manager.add = counted

    together = written(backend, requests(40))

    assert len(together) == len(seen) == 40
    assert max(rows for rows, _ in seen) == 6
    assert max(need for _, need in seen) <= writing.manager.capacity == 512


def test_what_is_too_long_for_the_manager_is_left_to_the_loop(manager):
    backend = manager(cache_tokens=512)
    backend.loop.intake.longest = 2048  # as where the loop has more memory than the manager
    long = Generate(messages=ask("x"), max_tokens=300)

    assert backend.submit(long).result(WITHIN).candidates
    assert backend.loop.network.forwards > 1
    assert inner(backend).is_running()


def test_what_is_too_long_for_both_is_refused(manager):
    backend = manager(cache_tokens=512)

    future = backend.submit(Generate(messages=ask("x"), max_tokens=300))

    assert isinstance(future.exception(WITHIN), RequestTooLarge)


def test_a_late_request_joins_the_running_batch(manager):
    backend = manager()
    endless(backend)
    step = first_steps(backend)
    bulk = [backend.submit(Generate(messages=ask(f"bulk {n}"), max_tokens=700)) for n in range(4)]
    assert step.wait(WITHIN)

    late = backend.submit(Generate(messages=ask("late"), max_tokens=3))

    assert late.result(WITHIN).tokens_out == 3
    assert not any(future.done() for future in bulk)
    for future in bulk:
        future.cancel()


def test_an_urgent_request_waits_for_nobody(manager):
    """The batch is full, and others of the bulk run wait at its door."""
    backend = manager(rows=2)
    endless(backend)
    step = first_steps(backend)
    bulk = [backend.submit(Generate(messages=ask(f"bulk {n}"), max_tokens=700)) for n in range(6)]
    assert step.wait(WITHIN)

    urgent = [backend.submit(Generate(messages=ask(f"now {n}"), max_tokens=3, urgent=True)) for n in range(3)]

    assert [future.result(WITHIN).tokens_out for future in urgent] == [3, 3, 3]
    assert not any(future.done() for future in bulk)
    for future in bulk:
        future.cancel()


def test_a_cancelled_request_leaves_the_batch_and_nobody_else_does(manager):
    backend = manager(rows=2)
    endless(backend)
    step = first_steps(backend)
    unwanted, kept, after = (
        Generate(messages=ask(text), max_tokens=length) for text, length in (("a", 1900), ("b", 60), ("c", 5))
    )
    futures = [backend.submit(request) for request in (unwanted, kept, after)]
    assert step.wait(WITHIN)

    assert futures[0].cancel()

    assert futures[1].result(WITHIN).tokens_out == 60
    assert futures[2].result(WITHIN).tokens_out == 5
    assert not backend.loop.writing.flying
    wait_until(lambda: not inner(backend).batch_processor.has_pending_requests(), "its next step")


# -- Beside the loop -------------------------------------------------------------------------------


def test_no_two_forward_passes_run_over_each_other_and_neither_side_waits_for_the_other(manager):
    backend = manager()
    endless(backend)
    running, order, overlaps = threading.Lock(), [], []

    def watched(model, side):
        forward = model.forward

        def watching(*args, **inputs):
            if not running.acquire(blocking=False):
                overlaps.append(side)
                return forward(*args, **inputs)
            try:
                order.append(side)
                return forward(*args, **inputs)
            finally:
                running.release()

        model.forward = watching

    watched(inner(backend).model, "manager")
    watched(backend.loop.network.model.get_decoder(), "loop")
    choices = [Choose(messages=ask("broken"), answers=("good", "bad", f"{n} bad")) for n in range(40)]
    bulk = [backend.submit(Generate(messages=ask(f"bulk {n}"), max_tokens=900)) for n in range(3)]

    beside = [backend.submit(request) for request in choices]

    assert all(sum(future.result(WITHIN).probabilities) == pytest.approx(1) for future in beside)
    assert not any(future.done() for future in bulk)
    for future in bulk:
        future.cancel()
    wait(bulk, WITHIN)
    assert not overlaps
    changes = sum(one != other for one, other in pairwise(order))
    assert changes > 20  # turn by turn, not one after the other


def test_both_engines_compute_with_the_same_weights(manager):
    import torch

    backend = manager()
    ours, theirs = backend.loop.network.model, inner(backend).model
    request = Generate(messages=ask("kettle"), max_tokens=20)
    before = written(backend, [request])

    with torch.no_grad():
        ours.get_output_embeddings().weight.mul_(-1)
    backend.loop.writing.manager.forget()

    assert ours is not theirs
    assert all(a is b for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    assert written(backend, [request]) == [single(backend, request)] != before


def test_what_is_kept_of_a_prompt_is_dropped_when_the_weights_change(manager):
    import torch

    backend = manager()
    request = Generate(messages=ask("kettle " * 30), max_tokens=8)
    written(backend, [request])
    decoder = backend.loop.network.model.get_decoder()

    with torch.no_grad():
        decoder.layers[0].mlp.down_proj.weight.add_(1.0)
    stale = written(backend, [request])
    backend.loop.writing.manager.forget()

    assert written(backend, [request]) == [single(backend, request)] != stale


# -- Trouble ---------------------------------------------------------------------------------------


def test_when_the_manager_dies_its_requests_are_released_and_it_begins_anew(manager):
    backend = manager()
    dead, choice = inner(backend), backend.submit(CHOICE)
    spoil(backend, lambda: ValueError("broken"), times=1)
    wanted = requests(5)

    futures = submit_at_once(backend, wanted)

    for future in futures:
        with pytest.raises(CancelledError):  # what the worker releases a job for, uncharged
            future.result(WITHIN)
    assert choice.result(WITHIN).probabilities
    others = requests(4, seed=8)
    assert [t.rstrip("\ufffd") for t in written(backend, others)] == [single(backend, r) for r in others]
    assert inner(backend) is not dead
    assert not dead.is_running()
    assert backend.loop.writing.size.share == 0.5


def test_a_request_that_kills_the_manager_fails_alone_the_next_time(manager):
    backend = manager()
    bad, has_poison = poison(backend)
    forward = backend.loop.network.forward

    def broken(ids, *args, **inputs):
        if has_poison(ids):
            raise ValueError("poison")
        return forward(ids, *args, **inputs)

    backend.loop.network.forward = broken
    spoilt = spoil(backend, lambda: ValueError("poison"), when=has_poison)
    good = requests(3, seed=2)  # whose random texts have not that token in them

    first = submit_at_once(backend, [good[0], bad, *good[1:]])
    released = [_gone(future) for future in first]
    again = submit_at_once(backend, [good[0], bad, *good[1:]])

    assert all(released)
    assert "poison" in str(again.pop(1).exception(WITHIN))
    assert all(future.result(WITHIN).candidates for future in again)
    assert len(spoilt) == 1


def _gone(future):
    wait([future], WITHIN)
    return future.cancelled()


def test_memory_that_runs_out_halves_the_manager_until_it_is_given_up(manager):
    backend = manager()
    capacities = [backend.loop.writing.manager.capacity]
    spoil(backend, out_of_memory)

    for _ in range(3):
        assert _gone(backend.submit(requests(1)[0]))
        assert backend.submit(CHOICE).result(WITHIN).probabilities  # and by then it has begun anew
        capacities.append(backend.loop.writing.manager.capacity)
    last = backend.submit(requests(1)[0])

    assert _gone(last)
    assert capacities == [4096, 2048, 1024, 512]
    assert "with 12% of its memory" in str(backend.submit(CHOICE).exception(WITHIN))
    assert "too much" in backend.describe()["error"]


def test_a_dead_device_fails_everything_at_once(manager):
    backend = manager()
    spoil(backend, lambda: RuntimeError("CUDA error: device-side assert"))

    futures = submit_at_once(backend, requests(5))

    assert all("CUDA error" in str(future.exception(WITHIN)) for future in futures)
    assert "CUDA error" in str(backend.submit(CHOICE).exception(WITHIN))
    assert not inner(backend).is_running()


def test_a_manager_that_ends_while_nothing_runs_begins_anew(manager):
    backend = manager()
    ended = inner(backend)

    ended.stop(block=True, hard_stop=True)

    assert written(backend, requests(2))
    assert inner(backend) is not ended


def test_a_request_that_the_manager_refuses_fails_alone(manager):
    backend = manager()
    manager_, add = backend.loop.writing.manager, backend.loop.writing.manager.add

    def wrong(name, ids, max_tokens, sampling, **more):
        if sampling.temperature == 7:
            return manager_._inner.add_request(list(ids), request_id=name, temperature=7)
        return add(name, ids, max_tokens, sampling, **more)

    manager_.add = wrong
    bad = Generate(messages=ask("x"), max_tokens=4, n=2, sampling=Sampling(temperature=7))

    futures = submit_at_once(backend, [*requests(2), bad])

    assert "temperature" in str(futures.pop().exception(WITHIN))
    assert all(future.result(WITHIN).candidates for future in futures)


# -- Opening ---------------------------------------------------------------------------------------


def test_describe_tells_which_engine_writes(manager, local):
    facts = manager().describe()

    assert (facts["engine"], facts["attention"], facts["cache_tokens"]) == ("manager", "sdpa", 4096)
    assert facts["room"] == 512
    assert local().describe()["engine"] == "loop"


def test_an_engine_that_does_not_exist_is_refused(local):
    with pytest.raises(CheckpointError, match="loop or manager"):
        local(engine="turbo")


def test_a_manager_that_does_not_fit_is_made_smaller(manager, monkeypatch):
    from shop_ai.lm.local import build

    tried = []

    class Tight(build.Manager):
        def __init__(self, model, size, **more):
            tried.append(size.share)
            if size.share > 0.3:
                raise MemoryError
            super().__init__(model, size, **more)

    monkeypatch.setattr(build, "Manager", Tight)

    backend = manager()

    assert tried == [1, 0.5, 0.25]
    assert backend.loop.writing.manager.capacity == 1024


def test_a_manager_that_fits_nowhere_is_refused(manager, monkeypatch):
    from shop_ai.lm.local import build

    def full(*args, **more):
        raise MemoryError("full")

    monkeypatch.setattr(build, "Manager", full)

    with pytest.raises(CheckpointError, match="does not fit into the memory"):
        manager()


def test_a_checkpoint_that_the_manager_cannot_run_is_left_to_the_loop_unless_it_was_asked_for(
    manager, monkeypatch, caplog
):
    from shop_ai.lm.local import build

    def unknown(*args, **more):
        raise ValueError("Invalid layer type: linear_attention")

    monkeypatch.setattr(build, "Manager", unknown)
    with pytest.raises(CheckpointError, match="linear_attention"):
        manager()
    monkeypatch.setattr(build, "pick_engine", lambda wanted, attention: "manager")  # as on a GPU

    backend = manager(engine="auto")

    assert backend.describe()["engine"] == "loop"
    assert "linear_attention" in caplog.text
    assert written(backend, requests(2))


def test_eager_attention_is_paged_too(manager, monkeypatch):
    from shop_ai.lm.local import build

    load = build.load

    def eager(*args, **more):
        loaded = load(*args, **more)
        loaded.model.set_attn_implementation("eager")
        return loaded

    monkeypatch.setattr(build, "load", eager)
    backend = manager()
    wanted = requests(5)

    assert [t.rstrip("\ufffd") for t in written(backend, wanted)] == [single(backend, r) for r in wanted]
    assert backend.describe()["attention"] == "paged|eager"
    assert backend.submit(CHOICE).result(WITHIN).probabilities
