"""A language model that cannot be used: one clear sentence, exit code 78, and not one job claimed."""

from __future__ import annotations

import shutil

import pytest

from shop_ai import jobs
from shop_ai.conf import config
from shop_ai.models import Attempt, WorkerBoot
from tests.celery.harness import counts

REFUSED = 78
SENTENCE = "The weights are not those that were installed (sha256 differs): install them again."
ECHO = {"BACKEND": "shop_ai.lm.echo.EchoBackend", "OPTIONS": {"fail_open": SENTENCE}}


def refused(worker):
    assert worker.wait() == REFUSED, worker.text
    lines = [line for line in worker.text.splitlines() if "CRITICAL" in line]
    assert len(lines) == 1, worker.text
    assert "Traceback" not in worker.text
    assert not Attempt.objects.exists()
    return lines[0]


@pytest.mark.parametrize("broker", ["folder", "redis"], indirect=True)
def test_checkpoint_that_does_not_verify(broker, start, products):
    jobs.enqueue("describe_product", products(3))

    worker = start(broker, ready=False, LM=ECHO)

    assert SENTENCE in refused(worker)
    assert counts() == {"queued": 3}
    boot = WorkerBoot.objects.get()
    assert (boot.state, boot.detail) == ("refused", {"error": SENTENCE})
    assert not WorkerBoot.alive().exists()


def test_the_refusal_does_not_wait_for_a_broker(redis, start, products):
    redis.kill()
    jobs.enqueue("describe_product", products(1))

    worker = start(redis, ready=False, LM=ECHO)

    assert worker.wait() == REFUSED


def test_checkpoint_that_is_not_installed(folder, start, products, tmp_path):
    jobs.enqueue("describe_product", products(1))

    local = {"BACKEND": "shop_ai.lm.local.LocalBackend", "CHECKPOINT": "smollm2-135m"}
    worker = start(folder, ready=False, LM=local, CHECKPOINTS=str(tmp_path / "nothing"))

    assert "ai_model install smollm2-135m" in refused(worker)


@pytest.mark.lm
def test_checkpoint_with_one_byte_changed(folder, start, products, tmp_path):
    installed = config().CHECKPOINTS / "smollm2-135m"
    if not installed.exists():
        pytest.skip("smollm2-135m is not installed")
    copy = shutil.copytree(installed, tmp_path / "checkpoints" / "smollm2-135m")
    with next(copy.glob("*.safetensors")).open("r+b") as weights:
        weights.seek(1_000_000)
        byte = weights.read(1)
        weights.seek(1_000_000)
        weights.write(bytes([byte[0] ^ 1]))
    jobs.enqueue("describe_product", products(1))

    local = {"BACKEND": "shop_ai.lm.local.LocalBackend", "CHECKPOINT": "smollm2-135m"}
    worker = start(folder, ready=False, LM=local, CHECKPOINTS=str(tmp_path / "checkpoints"))

    assert "safetensors" in refused(worker)
    assert counts() == {"queued": 1}


def test_backend_that_cannot_be_built(folder, start, products):
    jobs.enqueue("describe_product", products(1))

    worker = start(folder, ready=False, LM={"BACKEND": "tests.celery.store.NeedsOptions"})

    assert "This worker takes no jobs: it needs options" in refused(worker)
