"""Guidance in the database: versions by scope, what holds for a row, and jobs that only try it out."""

from __future__ import annotations

import pytest

from shop_ai import jobs
from shop_ai.exceptions import Conflict
from shop_ai.models import Guidance, Job, Suggestion
from shop_ai.models.guidance import InForce, keep
from shop_ai.skills.guidance import Guidance as Content
from tests.shop import Hand, product

pytestmark = pytest.mark.django_db


def test_a_save_is_a_new_version_and_the_newest_holds():
    keep(("", ""), Content(voice="one"), seen=0)
    keep(("", ""), Content(voice="two"), seen=1)
    keep(("", "en"), Content(voice="three"), seen=0)

    assert Guidance.objects.count() == 3
    assert {str(one) for one in Guidance.newest()} == {"* v2", "en v1"}


def test_who_has_not_seen_the_newest_version_is_told():
    keep(("", ""), Content(voice="one"), seen=0)

    with pytest.raises(Conflict):
        keep(("", ""), Content(voice="mine"), seen=0)
    assert Guidance.objects.get().content == {"voice": "one"}


def test_the_most_particular_says_first():
    keep(("", ""), Content(voice="shop", tone="plain", banned=("cheap",)), seen=0)
    keep(("", "en"), Content(tone="warm"), seen=0)
    keep(("Lamps", ""), Content(length="short"), seen=0)
    keep(("Lamps", "en"), Content(tone="expert", banned=("glow",)), seen=0)
    keep(("Chairs", "en"), Content(voice="chairs"), seen=0)

    content, versions = InForce.read().of({"category": "Lamps"}, "en")

    assert content == Content(voice="shop", tone="expert", length="short", banned=("glow", "cheap"))
    assert versions == ["Lamps / en v1", "Lamps v1", "en v1", "* v1"]
    assert InForce.read().of({"category": "Rugs"}, "zh-hans")[1] == ["* v1"]


def test_back_to_the_default_says_nothing(django_assert_num_queries):
    keep(("", ""), Content(voice="one"), seen=0)
    keep(("", ""), Content(), seen=1)

    with django_assert_num_queries(1):
        found = InForce.read()

    assert found.of({}, "en") == (Content(), [])


def test_the_category_is_an_input_only_where_guidance_names_one():
    keep(("", ""), Content(voice="one"), seen=0)

    class Values(dict):
        def get(self, name, default=None):
            raise AssertionError("read")

    assert InForce.read().of(Values(), "en")[0].voice == "one"


# -- Jobs ------------------------------------------------------------------------------------------


def test_a_text_names_the_guidance_that_it_was_written_under(shop):
    keep(("", ""), Content(voice="We speak to hikers."), seen=0)
    jobs.enqueue("write_text", product())
    hand = Hand()
    job = hand.one()
    run = hand.read(job)

    result = run.result(hand_backend(run))

    assert run.subject.guidance.voice == "We speak to hikers."
    assert "We speak to hikers." in run.requests[0].messages[0].text
    assert result.provenance["guidance"] == ["* v1"]


def hand_backend(run):
    from shop_ai.lm.echo import EchoBackend

    backend = EchoBackend()
    run.submit(backend)
    return backend


def test_a_preview_stands_beside_real_work_and_offers_nothing(shop):
    row = product()
    real = jobs.enqueue("write_text", row)
    tried = jobs.preview("write_text", row, Content(voice="Loud."))

    assert real.created == 1 and Job.objects.count() == 2
    hand = Hand()
    done = []
    while taken := hand.claim(1):
        (job,) = taken
        if job.pk == tried.pk:
            assert hand.read(job).subject.guidance.voice == "Loud."
        hand.finish(job, text="A text.")
        done.append(job.pk)

    assert len(done) == 2
    tried.refresh_from_db()
    assert (tried.state, tried.output) == ("succeeded", {"text": "A text."})
    assert Suggestion.objects.count() == 1
    assert Suggestion.objects.get().job_id != tried.pk


def test_the_same_preview_is_coalesced_and_another_is_not(shop):
    row = product()

    first = jobs.preview("write_text", row, Content(voice="Loud."))
    same = jobs.preview("write_text", row, Content(voice="Loud."))
    other = jobs.preview("write_text", row, Content(voice="Quiet."))

    assert first.pk == same.pk != other.pk


def test_a_preview_that_is_retried_stays_a_preview(shop):
    tried = jobs.preview("write_text", product(), Content(voice="Loud."))
    jobs.cancel(Job.objects.filter(pk=tried.pk))
    tried.refresh_from_db()

    again = jobs.retry(tried)

    assert again.preview == tried.preview
