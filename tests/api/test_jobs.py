"""Asking for jobs, looking at them, cancelling, asking again."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop_ai import jobs
from shop_ai.models import Batch, Job, moves
from tests.api.store import JOBS, product, products, suggestion, work

pytestmark = pytest.mark.django_db


def ask(api, **changes):
    return api.post(JOBS, {"skill": "describe_product", **changes}, format="json")


def test_asks_and_gets_the_jobs(api, editor, row):
    answer = ask(api, ids=[row.pk], params={"tone": "warm"})

    job = Job.objects.get()
    assert answer.status_code == 202
    assert answer.json()["created"] == 1 and answer.json()["batch"] is None
    (shown,) = answer.json()["jobs"]
    assert shown["id"] == str(job.pk) and shown["state"] == "queued"
    assert shown["target"] == {"role": "product", "model": "catalogue.product", "id": str(row.pk)}
    assert shown["links"]["self"] == f"{JOBS}{job.pk}/"
    assert job.owner == editor and job.params == {"tone": "warm"}


def test_twins_are_shown_with_the_new_ones_in_the_order_asked(api):
    first, second = product(1), product(2)
    ask(api, ids=[first.pk])

    answer = ask(api, ids=[str(second.pk), first.pk, first.pk]).json()

    assert (answer["created"], answer["coalesced"]) == (1, 1)
    assert [one["target"]["id"] for one in answer["jobs"]] == [str(second.pk), str(first.pk)]


@pytest.mark.parametrize(
    ("body", "where", "words"),
    [
        ({"skill": "describe_produkt"}, ["skill"], "Did you mean 'describe_product'?"),
        ({"params": {"tone": "rude"}}, ["params", "tone"], "'plain'"),
        ({"params": {"colour": 1}}, ["params", "colour"], "not permitted"),
        ({"params": {"language": "x" * 40}}, ["params", "language"], "16 characters"),
        ({"params": []}, ["params"], "dictionary"),
        ({"ids": []}, ["ids"], "at least 1"),
        ({"ids": list(range(1, 1002))}, ["ids"], "no more than 1000"),
        ({"ids": [True]}, ["ids", "0"], "a number or a string"),
        ({"ids": [{"pk": 1}]}, ["ids", "0"], "a number or a string"),
        ({"lane": "express"}, ["lane"], "not a valid choice"),
        ({"lane": "interactive", "ids": list(range(1, 60))}, ["lane"], "bulk lane"),
        ({"state": "succeeded"}, ["state"], "Known: skill, ids"),
        ({"owner": 1}, ["owner"], "Unknown field"),
        ({"rank": "1999-01-01"}, ["rank"], "Unknown field"),
    ],
)
def test_mistakes_are_named(api, row, body, where, words):
    answer = ask(api, **{"ids": [row.pk], **body})

    found = answer.json()
    for key in where:
        found = found[key]
    assert answer.status_code == 400
    assert words in str(found)
    assert not Job.objects.exists()


@pytest.mark.parametrize("given", ["abc", "", 0, -1, 10**30, 2**63, "１２３４５", "9" * 128, "1; DROP TABLE"])
def test_ids_that_no_row_can_have(api, row, given):
    assert ask(api, ids=[given]).status_code == 400


def test_missing_ids_are_named_at_most_ten(api, row):
    answer = ask(api, ids=[row.pk, *range(9001, 9013)])

    named = ", ".join(map(str, range(9001, 9011)))
    assert answer.json() == {"ids": [f"There is no product with the id {named} and 2 more."]}


@pytest.mark.parametrize(
    "raw",
    [b"[]", b'"x"', b"{", b'{"a": NaN}', b'{"a": "\\u0000"}', b'{"a": "\\ud800"}', b"\xff", b"[" * 100_000],
)
def test_bodies_that_cannot_be_read(api, raw):
    assert api.post(JOBS, raw, content_type="application/json").status_code == 400


def test_body_that_is_too_long(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    answer = ask(api, ids=["1" * 100])

    assert (answer.status_code, answer.json()) == (413, {"detail": "The body is too long."})


def test_forms_are_not_taken(api, row):
    assert api.post(JOBS, {"skill": "describe_product", "ids": row.pk}).status_code == 415


def test_bulk_leaves_out_what_the_settings_leave_out(api, editor, settings):
    settings.SHOP_AI = {**settings.SHOP_AI, "CONDITIONS": {"describe_product": {"stock": 0}}}
    shown, hidden, in_stock = product(1), product(2, is_public=False), product(3, stock=5)

    answer = ask(api, ids=[shown.pk, hidden.pk, in_stock.pk], lane="bulk").json()

    batch = Batch.objects.get()
    assert answer["created"] == 1 and answer["skipped"] == {"conditions not met": 2}
    assert answer["batch"] == str(batch.pk) and batch.by == editor and batch.chosen == 1
    listed = api.get(JOBS, {"batch": str(batch.pk)}).json()["results"]
    assert [one["target"]["id"] for one in listed] == [str(shown.pk)]
    assert ask(api, ids=[shown.pk], lane="bulk").json()["coalesced"] == 1


def test_many_rows_are_bulk(api):
    rows = products(51)

    answer = ask(api, ids=[row.pk for row in rows]).json()

    assert {one["lane"] for one in answer["jobs"]} == {"bulk"}


def reads_of_the_store(api, rows) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert ask(api, ids=[row.pk for row in rows], lane="bulk").status_code == 202
    return sum('FROM "catalogue_product"' in query["sql"] for query in captured)


def test_thousand_rows_are_checked_in_as_many_queries_as_ten(api):
    rows = products(1010)

    assert reads_of_the_store(api, rows[:10]) == reads_of_the_store(api, rows[10:])


def test_detail_shows_the_answer(api, row):
    text = suggestion(row)

    found = api.get(f"{JOBS}{text.job_id}/").json()

    assert found["state"] == "succeeded" and found["output"] == text.job.output
    assert api.get(found["links"]["suggestion"]).json()["id"] == str(text.pk)


def test_cancel_ends_a_queued_job_once(api, row):
    ask(api, ids=[row.pk])
    path = f"{JOBS}{Job.objects.get().pk}/cancel/"

    assert api.post(path).json()["state"] == "cancelled"
    assert api.post(path).status_code == 200


def test_cancel_of_a_finished_job_is_refused(api, row):
    text = suggestion(row)

    answer = api.post(f"{JOBS}{text.job_id}/cancel/")

    assert answer.status_code == 409 and answer.json()["code"] == "refused"
    assert answer["Content-Type"] == "application/problem+json"


def test_cancel_of_a_running_job_asks_it_to_stop(api, row):
    ask(api, ids=[row.pk])
    moves.claim(uuid4(), caps={"interactive": 1}, total=1, skills=["describe_product"], idle=True, again=1)

    answer = api.post(f"{JOBS}{Job.objects.get().pk}/cancel/")

    assert answer.status_code == 202 and answer.json()["cancel_requested_at"]


def test_retry_makes_a_new_job_that_names_the_old(api, row):
    old = suggestion(row).job

    first, second = (api.post(f"{JOBS}{old.pk}/retry/") for _ in range(2))

    assert first.status_code == 201 and first.json()["retry_of"] == str(old.pk)
    assert second.json()["id"] == first.json()["id"]
    old.refresh_from_db()
    assert old.state == "succeeded"


def test_retry_where_another_waits_already(api, row):
    old = suggestion(row).job
    jobs.enqueue("describe_product", row)

    answer = api.post(f"{JOBS}{old.pk}/retry/")

    assert answer.status_code == 202 and answer.json()["retry_of"] is None


def test_retry_of_a_live_job_is_refused(api, row):
    ask(api, ids=[row.pk])

    assert api.post(f"{JOBS}{Job.objects.get().pk}/retry/").json()["code"] == "refused"


def test_declined_says_why(api):
    (bare,) = products(1)
    ask(api, ids=[bare.pk])
    work()

    found = api.get(f"{JOBS}{Job.objects.get().pk}/").json()

    assert found["state"] == "declined" and found["missing"] == ["attributes"] and found["reason"]


def test_throttle_only_where_the_project_has_a_rate(api, row, settings):
    from django.core.cache import cache

    cache.clear()
    assert api.get(JOBS).status_code == 200
    settings.REST_FRAMEWORK = {"DEFAULT_THROTTLE_RATES": {"shop_ai_read": "1/day"}}

    assert [api.get(JOBS).status_code for _ in range(2)] == [200, 429]
    assert ask(api, ids=[row.pk]).status_code == 202
