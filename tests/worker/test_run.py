"""What a worker reads of the store's rows before it asks."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop_ai import jobs
from shop_ai.lm.echo import EchoBackend
from shop_ai.models.guidance import InForce
from shop_ai.skills import skills
from shop_ai.worker.run import load, prepare
from tests.shop import Hand, products, shop_settings
from tests.worker.by_hand import ByHand

pytestmark = pytest.mark.django_db


def read(name, number):
    """Queries that it takes to read so many rows and to write what is asked about them."""
    jobs.enqueue(name, products(number))
    taken = Hand().claim(number)
    with CaptureQueriesContext(connection) as queries:
        rows = load(taken)
        for job in taken:
            prepare(job, rows, EchoBackend(), InForce())
    return len(queries)


@pytest.mark.parametrize(("path", "prefetch"), [("demo_store.ai.facts", ["attributes"]), ("attributes", [])])
def test_a_shipped_skill_reads_many_rows_in_as_many_queries_as_few(settings, path, prefetch):
    roles = shop_settings()["ROLES"]
    roles["product"]["PREFETCH"] = prefetch
    roles["product"]["FIELDS"]["attributes"] = path
    settings.SHOP_AI = {
        **settings.SHOP_AI,
        "ROLES": roles,
        "SKILLS": ["shop_ai.skills.DescribeProduct"],
    }

    for name in skills():
        assert read(name, 3) == read(name, 30) > 0


@pytest.mark.parametrize("lane", ["interactive", "bulk"])
def test_what_somebody_waits_for_is_urgent(shop, lane):
    jobs.enqueue("write_text", products(1)[0], lane=lane)
    backend = ByHand()
    job = Hand().one()
    run = prepare(job, load([job]), backend, InForce())

    run.submit(backend)

    assert [request.urgent for request, _ in backend.asked] == [lane == "interactive"]


def test_a_text_that_is_asked_for_once_more_is_to_be_another_one(shop):
    (row,), hand = products(1), Hand()
    jobs.enqueue("draft_title", row)
    first = hand.one()
    hand.finish(first, title="Bowl of oak")
    first.refresh_from_db()
    jobs.retry(first)

    (again,) = hand.claim(1)

    assert not prepare(first, load([first]), EchoBackend(), InForce()).subject.again
    assert prepare(again, load([again]), EchoBackend(), InForce()).subject.again
