"""Following a job by asking again and again."""

from __future__ import annotations

import uuid

import pytest

from shop_ai import jobs, streams
from shop_ai.models import Job
from shop_ai.models.clock import later
from shop_ai.streams import Event
from tests.api.store import JOBS

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(carried, row):
    jobs.enqueue("tell_text", row)
    return Job.objects.get()


def events(api, job, **query):
    return api.get(f"{JOBS}{job.pk}/events/", query)


def sentence(text, attempt=1):
    return Event(kind="sentence", attempt=attempt, text=text)


def test_each_answer_says_where_the_next_begins(api, job):
    streams.publish(job.pk, [sentence("One."), sentence("Two.")])
    first = events(api, job).json()
    nothing = events(api, job, after=first["after"]).json()
    streams.publish(job.pk, [sentence("Three."), Event(kind="end", attempt=1, state="succeeded")])
    last = events(api, job, after=nothing["after"]).json()

    assert [event["text"] for event in first["events"]] == ["One.", "Two."]
    assert nothing == {"events": [], "after": first["after"], "ended": False}
    assert [event["kind"] for event in last["events"]] == ["sentence", "end"]
    assert (last["ended"], last["after"]) == (True, last["events"][-1]["id"])
    assert last["events"][1].items() >= {"state": "succeeded", "differs": False, "attempt": 1}.items()


def test_a_job_that_ended_long_ago_says_so_for_ever(api, job):
    jobs.cancel(Job.objects.all())
    Job.objects.update(finished_at=later(-60))

    first = events(api, job).json()
    again = events(api, job, after=first["after"]).json()

    assert first == again
    assert (first["ended"], first["events"][0]["state"]) == (True, "cancelled")


@pytest.mark.parametrize("after", ["x", "1", "1.1\x00", "1.99999999999999999999", "-1.1", "0x1.1"])
def test_an_id_that_is_none_is_refused(api, job, after):
    answer = events(api, job, after=after)

    assert answer.status_code == 400 and list(answer.json()) == ["after"]


@pytest.mark.parametrize("after", ["1.999999999999999999-999999999999999999", "999999999.1", "1.0", "0.end"])
def test_an_id_of_nothing_here_finds_nothing(api, job, after):
    streams.publish(job.pk, [sentence("One.", 0)])

    assert events(api, job, after=after).json()["events"] == []


def test_a_job_links_to_its_events(api, job):
    shown = api.get(f"{JOBS}{job.pk}/").json()

    assert api.get(shown["links"]["events"]).status_code == 200
    assert api.get("/ai/v1/skills/tell_text/").json()["streams"] is True


def test_no_job_no_events(api, carried):
    assert api.get(f"{JOBS}{uuid.uuid4()}/events/").status_code == 404


def test_a_redis_that_is_away_is_no_server_error(api, shop, row):
    shop(STREAM_URL="redis://127.0.0.1:1/0")
    jobs.enqueue("describe_product", row)

    answer = events(api, Job.objects.get())

    assert (answer.status_code, answer.json()["events"]) == (200, [])
