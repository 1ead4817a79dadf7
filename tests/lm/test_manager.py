"""What transformers' manager does that we build on and nobody promises: another version fails here first."""

from __future__ import annotations

import threading
from collections import Counter
from copy import deepcopy
from types import SimpleNamespace

import pytest
import torch
from transformers import AutoModelForCausalLM, ContinuousBatchingConfig, GenerationConfig, TopPLogitsWarper
from transformers.generation.continuous_batching import RequestStatus
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingTemperatureLogitsWarper,
    ContinuousBatchingTopPLogitsWarper,
)

from shop_ai.lm.local import attention
from shop_ai.lm.local.nucleus import HEAD, Nucleus, install, rules

PROMPT = [5, 6, 7, 8, 9, 10]
GREEDY = {"temperature": 1.0, "top_p": 0.0}
WITHIN = 60


@pytest.fixture
def model(folder):
    return AutoModelForCausalLM.from_pretrained(folder / "tiny", dtype=torch.float32).requires_grad_(False)


@pytest.fixture
def manager(model):
    """transformers' own, as manager.py makes it, with a cache of 512 tokens."""
    generation = GenerationConfig(
        do_sample=True, temperature=0.5, top_p=0.5, top_k=None, eos_token_id=[], pad_token_id=0
    )
    config = ContinuousBatchingConfig(
        page_size=16,
        num_blocks=32,
        max_batch_tokens=64,
        max_requests_per_batch=8,
        per_request_processors=True,
        auto_switch_to_flash=False,
    )
    manager = model.init_continuous_batching(generation, config)
    manager.warmup()
    threads = set(threading.enumerate())
    starter = threading.Thread(target=manager.start, daemon=True)
    starter.start()
    starter.join()
    manager.started = set(threading.enumerate()) - threads
    yield manager
    manager.stop(block=True, hard_stop=True)


def finished(manager, number=1):
    """The next results that are complete, or what came before the manager died."""
    found = []
    while len(found) < number and (output := manager.get_result(timeout=WITHIN)) is not None:
        if output.is_finished():
            found.append(output)
    return found


def break_forward(model, error):
    def broken(*args, **inputs):
        raise error

    model.forward = broken


# -- Its life --------------------------------------------------------------------------------------


def test_its_thread_is_a_daemon_when_the_one_that_starts_it_is(manager):
    (thread,) = manager.started

    assert thread.daemon


def test_it_tells_its_size_before_the_first_request(manager):
    config = manager.continuous_batching_config

    assert (config.num_blocks, config.page_size, config.max_requests_per_batch) == (32, 16, 8)


def test_it_counts_its_steps(manager):
    manager.add_request(PROMPT, max_new_tokens=5, **GREEDY)
    finished(manager)

    assert manager.current_batch == 5


def test_a_prompt_larger_than_the_cache_kills_it(manager):
    manager.add_request(PROMPT * 100, max_new_tokens=4, **GREEDY)
    (output,) = finished(manager)
    manager._generation_thread.join(WITHIN)

    assert output.status == RequestStatus.FAILED
    assert not manager.is_running()
    assert manager.background_thread_status.fatal_error is not None


def test_it_says_that_it_dies_before_it_fails_its_requests(manager, model):
    said = []
    deliver = manager.output_router.deliver
    status = manager.background_thread_status

    def telling(output):
        said.append(status.can_accept_new_requests())
        deliver(output)

    manager.output_router.deliver = telling
    break_forward(model, ValueError("broken"))
    for _ in range(3):
        manager.add_request(PROMPT, max_new_tokens=4, **GREEDY)

    outputs = finished(manager, 3)

    assert len(said) >= len(outputs) > 0
    assert all(said)
    assert all(output.error == "broken" for output in outputs)


def test_once_dead_and_told_everything_it_does_not_wait(manager, model):
    break_forward(model, ValueError("broken"))
    manager.add_request(PROMPT, max_new_tokens=4, **GREEDY)
    finished(manager)
    manager._generation_thread.join(WITHIN)

    assert manager.get_result(timeout=WITHIN) is None
    with pytest.raises(RuntimeError):
        manager.pause().__enter__()


def test_no_step_is_made_while_it_is_paused(manager):
    manager.add_request(PROMPT, max_new_tokens=400, streaming=True, **GREEDY)
    manager.get_result(timeout=WITHIN)

    with manager.pause():
        before = manager.current_batch
        while manager.get_result(timeout=0.2) is not None:
            pass
        assert manager.current_batch == before

    assert manager.get_result(timeout=WITHIN) is not None


# -- Requests --------------------------------------------------------------------------------------


def test_a_cancelled_request_delivers_nothing_and_the_next_ones_all(manager):
    manager.add_request(PROMPT, request_id="gone", max_new_tokens=400, streaming=True, **GREEDY)
    manager.get_result(timeout=WITHIN)

    manager.cancel_request("gone")
    manager.add_request(PROMPT, request_id="next", max_new_tokens=3, **GREEDY)

    (output,) = finished(manager)
    assert output.request_id == "next"
    assert manager.get_result(timeout=0.5) is None


@pytest.mark.parametrize("wrong", [{"temperature": 1}, {"top_p": 1}, {"top_k": 5}])
def test_what_its_processors_do_not_know_fails_alone(manager, wrong):
    manager.add_request(PROMPT, request_id="wrong", max_new_tokens=3, **wrong)
    manager.add_request(PROMPT, request_id="right", max_new_tokens=3, **GREEDY)

    outputs = {output.request_id: output.status for output in finished(manager, 2)}

    assert outputs == {"wrong": RequestStatus.FAILED, "right": RequestStatus.FINISHED}


def test_the_token_that_ends_a_text_is_delivered_with_it(manager, model):
    first = int(model(torch.tensor([PROMPT])).logits[0, -1].argmax())

    manager.add_request(PROMPT, max_new_tokens=9, eos_token_id=[first, 3], **GREEDY)

    assert finished(manager)[0].generated_tokens == [first]


def test_each_event_of_a_stream_carries_all_tokens(manager):
    manager.add_request(PROMPT, max_new_tokens=4, streaming=True, **GREEDY)

    events = [manager.get_result(timeout=WITHIN).generated_tokens for _ in range(4)]

    assert [len(event) for event in events] == [1, 2, 3, 4]
    assert all(events[-1][: len(event)] == event for event in events)


def test_what_is_kept_for_sharing_can_be_dropped(manager):
    manager.add_request(PROMPT * 10, max_new_tokens=3, **GREEDY)
    finished(manager)

    with manager.pause():
        cache = manager.batch_processor.cache
        dropped = cache.evict_cached_blocks(), cache.evict_cached_blocks()

    assert dropped == (True, False)


# -- Processors ------------------------------------------------------------------------------------


def test_ours_takes_the_place_of_its_own(manager):
    processors = manager.logit_processor.logits_processor
    assert [type(p) for p in processors] == [
        ContinuousBatchingTemperatureLogitsWarper,
        ContinuousBatchingTopPLogitsWarper,
    ]

    install(processors)

    assert [type(p) for p in processors] == [ContinuousBatchingTemperatureLogitsWarper, Nucleus]


def kept(scores, top_p, kind=Nucleus):
    processor = kind(TopPLogitsWarper(top_p=0.5))
    told = torch.tensor([top_p] * len(scores)).view(torch.int32)
    return processor(scores.clone(), told) > -float("inf")


@pytest.mark.parametrize("top_p", [0.05, 0.5, 0.9, 0.99])
def test_a_nucleus_is_the_same_as_transformers(top_p):
    scores = 4 * torch.randn((20, 600), generator=torch.Generator().manual_seed(3))

    ours, theirs = (kept(scores, top_p, kind) for kind in (Nucleus, ContinuousBatchingTopPLogitsWarper))

    within = theirs.sum(dim=-1) < HEAD  # ours cuts wider ones
    assert within.any()
    assert torch.equal(ours[within], theirs[within])


def test_greedy_is_one_token_even_where_several_share_the_first_place():
    scores = torch.tensor([[1.0, 5.0, 5.0, 5.0, 2.0]])

    assert kept(scores, 0.0).sum() == 1
    assert kept(scores, 0.0)[0, 1:4].any()


def test_without_a_nucleus_nothing_is_cut_and_a_flat_one_is_cut_at_its_head():
    flat = torch.zeros((2, 2 * HEAD))

    assert kept(flat, 1.0).all()
    assert kept(flat, 0.9).sum(dim=-1).tolist() == [HEAD, HEAD]


@pytest.mark.parametrize(
    ("temperature", "top_p", "told"),
    [
        (0.0, 0.9, {"temperature": 1.0, "top_p": 0.0}),
        (1e-30, 1.0, {"temperature": 1.0, "top_p": 0.0}),
        (1, 1, {"temperature": 1.0, "top_p": 1.0}),
        (0.7, 0.9, {"temperature": 0.7, "top_p": 0.9}),
    ],
)
def test_the_processors_are_told_numbers_that_they_take(temperature, top_p, told):
    assert rules(temperature, top_p) == told
    assert all(type(value) is float for value in rules(temperature, top_p).values())


def test_each_row_is_drawn_by_its_own_rules(manager, model):
    install(manager.logit_processor.logits_processor)
    probabilities = model(torch.tensor([PROMPT])).logits[0, -1].softmax(-1)
    best = int(probabilities.argmax())
    number = 300

    for place in range(number):
        manager.add_request(PROMPT, request_id=f"greedy {place}", max_new_tokens=1, **rules(0, 1))
        manager.add_request(PROMPT, request_id=f"warm {place}", max_new_tokens=1, **rules(1, 1))
        manager.add_request(PROMPT, request_id=f"nucleus {place}", max_new_tokens=1, **rules(1, 0.3))
    counts: dict[str, Counter] = {"greedy": Counter(), "warm": Counter(), "nucleus": Counter()}
    for output in finished(manager, 3 * number):
        counts[output.request_id.split()[0]].update(output.generated_tokens)

    assert counts["greedy"] == {best: number}
    expected = float(probabilities[best])
    spread = (expected * (1 - expected) / number) ** 0.5
    assert counts["warm"][best] / number == pytest.approx(expected, abs=5 * spread)
    assert len(counts["nucleus"]) < len(counts["warm"])


# -- Attention -------------------------------------------------------------------------------------


def test_without_flash_attention_three_things_are_lost(manager):
    config = manager.continuous_batching_config

    assert config.use_cuda_graph == (False, False)
    assert config.use_async_batching is False
    assert config.max_blocks_per_request == 0


@pytest.mark.parametrize(
    ("device", "dtype", "capability", "installed", "wanted"),
    [
        ("cuda", torch.bfloat16, (9, 0), {2, 3, 4}, "flash_attention_3"),
        ("cuda", torch.float16, (8, 0), {2, 4}, "flash_attention_2"),
        ("cuda", torch.bfloat16, (9, 0), {4}, "flash_attention_4"),
        ("cuda", torch.bfloat16, (8, 0), {4}, "sdpa"),
        ("cuda", torch.float32, (9, 0), {2, 3, 4}, "sdpa"),
        ("cuda", torch.bfloat16, (9, 0), set(), "sdpa"),
        ("cpu", torch.bfloat16, (9, 0), {2, 3, 4}, "sdpa"),
    ],
)
def test_flash_attention_is_taken_where_it_can_be(
    model, monkeypatch, device, dtype, capability, installed, wanted
):
    for version in (2, 3, 4):
        there = version in installed
        monkeypatch.setattr(attention, f"is_flash_attn_{version}_available", lambda there=there: there)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)

    assert attention.for_pages(like(model, device, dtype)) == wanted
    assert attention.is_flash(wanted) == wanted.startswith("flash")


@pytest.mark.parametrize("size", [12, 264])
def test_flash_attention_has_no_kernels_for_every_size_of_a_head(model, monkeypatch, size):
    monkeypatch.setattr(attention, "is_flash_attn_2_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    other = like(model, "cuda", torch.bfloat16)
    other.config = deepcopy(model.config)
    other.config.head_dim = size

    assert attention.for_pages(other) == "sdpa"


def like(model, device, dtype):
    """The same model, as it would be elsewhere."""
    return SimpleNamespace(
        config=model.config,
        _supports_flash_attn=model._supports_flash_attn,
        device=torch.device(device),
        dtype=dtype,
    )


def test_a_twin_shares_every_tensor_and_nothing_of_its_settings(model):
    other = attention.twin(model, "eager")

    assert {id(t) for t in other.parameters()} == {id(t) for t in model.parameters()}
    assert {id(t) for t in other.buffers()} == {id(t) for t in model.buffers()}
    assert model.config._attn_implementation == "sdpa"
    assert other.config._attn_implementation == "eager"
