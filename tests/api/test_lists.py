"""Pages, filters and the shape of what is shown."""

from __future__ import annotations

from base64 import b64encode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop_ai import jobs
from shop_ai.api import serializers
from shop_ai.models import Job
from tests.api.store import JOBS, SUGGESTIONS, product, products, suggestion

pytestmark = pytest.mark.django_db

JOB = "id skill state lane target language batch retry_of reason created_at started_at finished_at links"
TEXT = "id job skill state stale stale_reason target language after edited ai_generated "
TEXT += "created_at decided_at links"
SHOWN = {
    "JobSerializer": JOB,
    "JobDetailSerializer": f"{JOB} params output missing cancel_requested_at",
    "SuggestionSerializer": TEXT,
    "SuggestionDetailSerializer": f"{TEXT} before candidates applied seen provenance raw",
}


@pytest.mark.parametrize("name", SHOWN)
def test_fields_are_these_and_none_can_be_written(name):
    fields = getattr(serializers, name)().fields

    assert set(fields) == set(SHOWN[name].split())
    assert all(field.read_only for field in fields.values())


def test_suggestion_detail_says_that_a_machine_wrote_it(api, row):
    found = api.get(f"{SUGGESTIONS}{suggestion(row).pk}/").json()

    assert found["ai_generated"] is True
    assert found["before"] == {"description": ""} and found["candidates"] and len(found["seen"]) == 64


def test_pages_follow_each_other_while_new_rows_come(api):
    rows = products(5)
    for row in rows:
        jobs.enqueue("describe_product", row)
    expected = [str(pk) for pk in Job.objects.order_by("-id").values_list("pk", flat=True)]

    found, page = [], api.get(JOBS, {"page_size": 2}).json()
    while True:
        found += [one["id"] for one in page["results"]]
        jobs.enqueue("describe_product", product(10 + len(found)))
        if page["next"] is None:
            break
        page = api.get(page["next"]).json()

    assert found == expected


@pytest.mark.parametrize("cursor", [b"p=garbage", b"p=%00", b"o=x", b"p=1' OR 1=1", b"r=1&p=\xff"])
def test_cursor_of_somebodys_making(api, cursor):
    answer = api.get(JOBS, {"cursor": b64encode(cursor).decode()})

    assert answer.status_code in (200, 404)


def test_filters(api):
    first, second = product(1), product(2)
    jobs.enqueue("describe_product", first)
    jobs.enqueue("describe_product", second, lane="bulk")
    jobs.cancel(Job.objects.filter(target_id=second.pk))

    def targets(**query):
        return [one["target"]["id"] for one in api.get(JOBS, query).json()["results"]]

    assert targets(lane="bulk") == targets(state="cancelled") == [str(second.pk)]
    assert targets(target=f"product:{first.pk}") == [str(first.pk)]
    assert targets(skill="describe_product") == [str(second.pk), str(first.pk)]
    assert targets(target="product:0") == targets(batch="0" * 32) == []


@pytest.mark.parametrize(
    "query",
    [
        {"state": "lost"},
        {"lane": "express"},
        {"batch": "x"},
        {"target": "product"},
        {"target": "produkt:1"},
        {"skill": "\x00"},
        {"target": "product:\x00"},
    ],
)
def test_filters_that_mean_nothing(api, query):
    (name,) = query

    answer = api.get(JOBS, query)

    assert answer.status_code == 400 and name in answer.json()


@pytest.mark.parametrize("path", [JOBS, SUGGESTIONS])
def test_list_takes_as_many_queries_for_ten_as_for_one(api, path):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.get(path).status_code == 200
        return len(captured)

    suggestion(product(1))
    few = queries()
    for number in range(2, 11):
        suggestion(product(number))

    assert queries() == few


def test_skill_shows_its_schemas(api):
    (listed,) = api.get("/ai/v1/skills/").json()
    shown = api.get(listed["link"]).json()

    assert shown == listed
    assert shown["role"] == "product" and shown["writes"] == {"description": "description"}
    assert shown["params_schema"]["properties"]["tone"]["anyOf"][0]["enum"] == ["plain", "warm", "expert"]
    assert shown["output_schema"]["properties"]["description"]["type"] == "string"
    assert shown["approval"] is True and shown["may_generate"] is True


def test_unknown_skill_is_not_found(api):
    assert api.get("/ai/v1/skills/describe_weather/").status_code == 404
