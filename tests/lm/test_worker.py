"""A worker on a language model: jobs of skills with different adapters, each answered under its own."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field

from shop_ai import jobs
from shop_ai.lm import adapters
from shop_ai.lm.base import Choose
from shop_ai.models import Job, Lane, State, Suggestion
from shop_ai.models.guidance import InForce
from shop_ai.roles import PRODUCT, REVIEW
from shop_ai.skills import Skill
from shop_ai.worker import Worker
from shop_ai.worker.run import load, prepare
from tests.models.invariants import violations
from tests.shop import product, review

pytestmark = pytest.mark.django_db


class WriteBare(Skill):
    name, label, role = "write_bare", "Write", PRODUCT
    writes = {"text": "description"}
    prompt = "Describe {{ product.name }}"
    max_tokens = 120

    class Output(BaseModel):
        text: str = Field(min_length=1, max_length=20)

    def speaks(self, output, language):
        return True  # random weights write in no language


class WriteBlue(WriteBare):
    name, adapter = "write_blue", "blue"


class WriteGrey(WriteBare):
    name, adapter = "write_grey", "grey"


class ScoreReview(Skill):
    name, label, role, adapter = "score_review", "Score review", REVIEW, "red"
    writes = {"mood": "sentiment"}
    prompt = "{{ review.text }}"

    class Output(BaseModel):
        mood: str
        probability: float

    def requests(self, subject):
        return [Choose(messages=self.messages(subject), answers=("good", "bad", "very bad"))]

    def parse(self, completions, subject):
        found = completions[0].probabilities
        best = max(range(3), key=found.__getitem__)
        return [self.Output(mood=("good", "bad", "very bad")[best], probability=found[best])]


@pytest.fixture(autouse=True)
def _shop(shop):
    names = ("WriteBare", "WriteBlue", "WriteGrey", "ScoreReview")
    shop(SKILLS=[f"{__name__}.{name}" for name in names])
    yield
    assert violations() == []


def queue(count):
    """One job of each skill in turn, so that the smallest ranks are mixed."""
    for number in range(count):
        jobs.enqueue("write_bare", product(f"Bowl {number}"), lane=Lane.BULK)
        jobs.enqueue("write_blue", product(f"Plate {number}"), lane=Lane.BULK)
        jobs.enqueue("score_review", review(f"It broke {number} times."), lane=Lane.BULK)


def test_jobs_of_three_adapters_are_all_answered_under_their_own(local, adapter_folder):
    queue(20)
    worker = Worker(local(rows=8, room=8, turn=3600.0))

    worker.work_off(timeout=300)

    assert set(Job.objects.values_list("state", flat=True)) == {State.SUCCEEDED}
    alone = {name: local() for name in (None, "blue", "red")}
    for job in Job.objects.all():
        run = prepare(job, load([job]), worker.backend, InForce())
        backend = alone[run.skill.adapter]
        completions = [backend.submit(request).result(60) for request in run.requests]
        expected = run.skill.answer(completions, run.subject).output.model_dump(mode="json")
        if "probability" in expected:
            expected["probability"] = pytest.approx(expected["probability"], abs=1e-5)
        assert job.output == expected


def test_change_overs_are_few_where_jobs_are_mixed(local):
    """Eight at a time of sixty: taken as they come, each claim would hold all three and change twice."""
    queue(20)
    worker = Worker(local(rows=8, room=8, turn=3600.0))

    worker.work_off(timeout=300)

    assert set(Job.objects.values_list("state", flat=True)) == {State.SUCCEEDED}
    assert 2 <= worker.backend.loop.changing.count <= 10


def test_provenance_names_the_adapter_its_hash_and_the_calibration(local, adapter_folder):
    queue(1)

    Worker(local()).work_off(timeout=300)

    found = {suggestion.skill: suggestion.provenance for suggestion in Suggestion.objects.all()}
    for skill, name in (("write_blue", "blue"), ("score_review", "red")):
        sha256 = adapters.find(name, adapter_folder).weights_sha256
        assert (found[skill]["adapter"], found[skill]["adapter_sha256"]) == (name, sha256)
    assert "adapter" not in found["write_bare"]
    assert found["score_review"]["calibration"] == 2.5


def test_a_missing_adapter_ends_its_own_jobs_and_no_others(local):
    """More than the failures that would open the breaker."""
    queue(3)
    jobs.enqueue("write_grey", [product() for _ in range(8)])
    worker = Worker(local())

    worker.work_off(timeout=300)

    dead = Job.objects.filter(state=State.DEAD)
    assert set(dead.values_list("skill", "error_class")) == {("write_grey", "adapter")}
    assert dead.count() == 8
    assert dead[0].error_public.startswith("The adapter grey is not installed in ")
    assert Job.objects.filter(state=State.SUCCEEDED).count() == 9
    assert not worker.breaker.is_open
