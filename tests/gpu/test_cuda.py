"""The local backend on a real GPU: the same promises as on the CPU, and those that only a GPU can break."""

from __future__ import annotations

from concurrent.futures import wait
from itertools import pairwise

import pytest

from shop_ai.lm.base import Choose, Generate, Sampling
from shop_ai.lm.local import LocalBackend
from shop_ai.lm.local.attention import is_flash
from shop_ai.testing import BackendContract, Verdict, ask
from tests.lm.test_loop import texts

pytestmark = pytest.mark.gpu

WITHIN = 120


class TestManager(BackendContract):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _checkpoint(cls, folder):
        options = {"device": "cuda", "engine": "manager", "rows": 12, "cache_tokens": 65536}
        cls.options = {"folder": folder, **options}

    def make_backend(self):
        return LocalBackend("tiny", self.options)


class TestManagerSliding(TestManager):
    def make_backend(self):
        return LocalBackend("sliding", self.options)


class TestLoop(TestManager):
    def make_backend(self):
        return LocalBackend("tiny", {**self.options, "engine": "loop"})


def single(backend, request):
    """What transformers' own `generate` writes for this request alone, on the same device."""
    import torch

    intake, model = backend.loop.intake, backend.loop.network.model
    prompt = intake.prompts.prompt(request.messages)
    ids = torch.tensor([[*prompt.prefix, *prompt.rest]], device=model.device)
    options = {"max_new_tokens": request.max_tokens, "do_sample": False, "pad_token_id": 0}
    with torch.inference_mode():
        out = model.generate(
            ids, attention_mask=torch.ones_like(ids), eos_token_id=sorted(intake.stops), **options
        )
    return intake.prompts.text(out[0, ids.shape[1] :].tolist()).rstrip("\ufffd")


@pytest.mark.parametrize("checkpoint", ["tiny", "sliding"])
@pytest.mark.parametrize("engine", ["loop", "manager"])
def test_greedy_text_in_float32_is_what_each_request_alone_would_get(on_gpu, checkpoint, engine):
    backend = on_gpu(checkpoint, dtype="float32", engine=engine, cache_tokens=65536)
    wanted = [Generate(messages=ask(text), max_tokens=64) for text in texts(100, longest=60)]

    futures = [backend.submit(request) for request in wanted]

    equal = sum(
        future.result(WITHIN).candidates[0].text.rstrip("\ufffd") == single(backend, request)
        for future, request in zip(futures, wanted, strict=True)
    )
    assert equal >= 0.99 * len(wanted)


def test_the_size_of_the_cache_is_found_by_the_memory(on_gpu):
    backend = on_gpu()

    facts = backend.describe()

    assert facts["engine"] == "manager"
    assert facts["device"].startswith("cuda (")
    assert facts["gpus"] >= 1
    assert facts["gpu"]
    assert facts["cache_tokens"] == backend.loop.writing.manager.capacity > 0


def test_flash_attention_where_it_is_installed_brings_its_gains(on_gpu):
    backend = on_gpu(cache_tokens=65536)
    config = backend.loop.writing.manager._inner.continuous_batching_config
    attention = backend.describe()["attention"]

    assert any(config.use_cuda_graph) == is_flash(attention)
    assert config.use_async_batching == is_flash(attention)
    assert (config.max_blocks_per_request > 0) == (attention in ("flash_attention_2", "flash_attention_3"))


def test_a_text_in_many_steps_is_written_beside_choices_and_schemas(on_gpu):
    backend = on_gpu(cache_tokens=65536)
    warm = Sampling(temperature=0.9, top_p=0.9)
    long = [
        backend.submit(Generate(messages=ask(text), max_tokens=400, n=2, sampling=warm, rank=True))
        for text in texts(20)
    ]

    chosen = [backend.submit(Choose(messages=ask(text), answers=("good", "bad"))) for text in texts(50)]
    guided = [
        backend.submit(Generate(messages=ask(text), max_tokens=400, schema=Verdict.model_json_schema()))
        for text in texts(10)
    ]

    assert all(sum(future.result(WITHIN).probabilities) == pytest.approx(1) for future in chosen)
    for future in guided:
        Verdict.model_validate_json(future.result(WITHIN).candidates[0].text)
    assert all(c.score < 0 for future in long for c in future.result(WITHIN).candidates)


def test_schemas_alone_are_written_by_the_manager(on_gpu):
    """With flash attention it prepares a step before it knows the last one's tokens."""
    backend = on_gpu(cache_tokens=65536)
    before = backend.loop.network.forwards
    schema = Verdict.model_json_schema()

    futures = [
        backend.submit(Generate(messages=ask(text), max_tokens=400, schema=schema)) for text in texts(40)
    ]

    for future in futures:
        Verdict.model_validate_json(future.result(WITHIN).candidates[0].text)
    assert backend.loop.network.forwards == before


def test_memory_that_really_runs_out_costs_no_job_and_no_worker(on_gpu):
    """Half of the device is taken away while the manager runs: it begins anew, smaller, until it fits."""
    import torch

    backend = on_gpu()
    first = backend.loop.writing.manager.capacity
    request = Generate(messages=ask("kettle"), max_tokens=8)
    assert backend.submit(request).result(WITHIN).candidates
    free, _ = torch.cuda.mem_get_info()
    taken = torch.empty(int(free * 0.98), dtype=torch.uint8, device="cuda")
    model = backend.loop.writing.manager._inner.model
    forward, spoilt = model.forward, []

    def hungry(*args, **inputs):
        if not spoilt:
            spoilt.append(torch.empty(free, dtype=torch.uint8, device="cuda"))
        return forward(*args, **inputs)

    model.forward = hungry
    future = backend.submit(Generate(messages=ask("a longer question " * 20), max_tokens=8))
    wait([future], WITHIN)
    del taken
    model.forward = forward

    assert future.cancelled() or future.result(0).candidates  # released, or replayed from a recorded graph
    answers = [backend.submit(request).result(WITHIN) for _ in range(3)]
    assert all(answer.candidates for answer in answers)
    assert backend.loop.writing.manager.capacity <= first


def test_candidates_of_one_prompt_differ_by_chance_and_greedy_ones_do_not(on_gpu):
    backend = on_gpu(cache_tokens=65536)

    def candidates(temperature):
        sampling = Sampling(temperature=temperature)
        request = Generate(messages=ask("kettle"), max_tokens=40, n=8, sampling=sampling)
        return [candidate.text for candidate in backend.submit(request).result(WITHIN).candidates]

    assert len(set(candidates(1.5))) > 1
    assert all(one == other for one, other in pairwise(candidates(0.0)))
