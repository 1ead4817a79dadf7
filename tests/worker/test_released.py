"""Jobs whose text was lost with the manager's batch: nobody pays, everybody is written."""

from __future__ import annotations

import pytest

from shop_ai import jobs
from shop_ai.models import Attempt, Job
from shop_ai.worker import Worker
from tests.lm import tiny
from tests.models.invariants import violations
from tests.shop import NAMES, WriteText, product

pytestmark = pytest.mark.django_db


class WritePlain(WriteText):
    """Free text, so that the manager writes it."""

    name, label = "write_plain", "Write plain text"
    max_tokens = 20

    def schema(self, subject):
        return None

    def parse(self, completions, subject):
        return [self.Output(text=completions[0].candidates[0].text[:400] or "Nothing.")]


@pytest.fixture
def backend(tmp_path):
    from shop_ai.lm.local import LocalBackend

    tiny.build(tmp_path / "tiny")
    options = {"folder": tmp_path, "device": "cpu", "engine": "manager", "cache_tokens": 8192, "page": 16}
    backend = LocalBackend("tiny", options)
    backend.open()
    yield backend
    backend.close()


def test_jobs_of_a_broken_manager_are_released_uncharged_and_written_after_all(shop, backend):
    skills = [*(f"tests.shop.{name}" for name in NAMES), f"{__name__}.WritePlain"]
    shop(SKILLS=skills)
    rows = [product() for _ in range(12)]
    model = backend.loop.writing.manager._inner.model
    forward, broken = model.forward, []

    def breaks_once(*args, **inputs):
        if not broken:
            broken.append(True)
            raise RuntimeError("broken")
        return forward(*args, **inputs)

    model.forward = breaks_once
    jobs.enqueue("write_plain", rows)

    Worker(backend).work_off(timeout=120)

    assert {(job.state, job.charged, job.worker_lost) for job in Job.objects.all()} == {("succeeded", 0, 0)}
    outcomes = set(Attempt.objects.values_list("outcome", flat=True))
    assert outcomes == {"released", "succeeded"}
    assert backend.loop.writing.size.share == 0.5
    assert [found for found in violations() if not found.startswith("I6")] == []
