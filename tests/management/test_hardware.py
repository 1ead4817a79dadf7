"""What ai_doctor makes of the facts that workers tell of themselves."""

from __future__ import annotations

import pytest

from shop_ai.management import doctor, hardware

GPU = {
    "device": "cuda (NVIDIA H100)",
    "dtype": "bfloat16",
    "engine": "manager",
    "attention": "flash_attention_2",
    "flash": True,
    "room": 264,
    "load_seconds": 9.5,
    "tokens_per_second": 0.0,
    "gpus": 1,
    "gpu": "GPU-1",
}


def test_a_worker_on_a_gpu_is_summed_up():
    told = hardware.summary({**GPU, "tokens_per_second": 2345.6})

    assert told == (
        "cuda (NVIDIA H100) in bfloat16, attention flash_attention_2, engine manager, room 264, "
        "loaded in 9.5 s, 2345.6 tokens a second so far"
    )
    assert "tokens a second" not in hardware.summary(GPU)


def test_other_backends_say_nothing_of_hardware():
    assert hardware.summary({"backend": "RemoteBackend"}) == ""
    assert list(hardware.advice({"backend": "RemoteBackend"})) == []


@pytest.mark.parametrize(
    ("facts", "texts", "step"),
    [
        ({}, [], ""),
        ({"device": "cpu", "attention": "sdpa", "engine": "loop"}, [], ""),
        (
            {"attention": "sdpa", "flash": False},
            ["no CUDA graphs, no asynchronous batching"],
            "pip install 'shop-ai[cuda]'",
        ),
        ({"engine": "loop", "no_manager": "linear layers"}, ["linear layers"], '"engine" to "auto"'),
        ({"gpus": 4}, ["this one sees 4"], "CUDA_VISIBLE_DEVICES=0 … 3: celery -A demo_store"),
    ],
)
def test_what_a_worker_could_do_better_is_said_with_the_next_step(facts, texts, step):
    found = list(hardware.advice({**GPU, **facts}))

    assert len(found) == len(texts)
    for (text, next_step), part in zip(found, texts, strict=True):
        assert part in text
        assert step in next_step


def test_workers_that_share_a_gpu_are_found():
    assert hardware.shared([GPU, {**GPU, "gpu": "GPU-2"}, {"backend": "EchoBackend"}]) == []
    assert hardware.shared([GPU, {**GPU, "gpu": "GPU-2"}, GPU]) == ["GPU-1"]


@pytest.mark.django_db
def test_the_doctor_tells_it_of_every_worker(alive):
    alive(detail={**GPU, "attention": "sdpa", "flash": False})
    alive(detail=GPU)

    found = [(each.level, each.text) for each in doctor.workers() if each.about == "hardware"]

    assert [level for level, _ in found].count("ok") == 2
    warnings = [text for level, text in found if level == "warn"]
    assert len(warnings) == 2
    assert "sdpa" in warnings[0]
    assert "GPU-1" in warnings[1]
