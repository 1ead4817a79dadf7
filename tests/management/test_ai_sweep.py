"""ai_sweep does once what a worker does all the time."""

from __future__ import annotations

from contextlib import contextmanager

from shop_ai import jobs
from shop_ai.management.commands import ai_sweep
from shop_ai.models import Job
from tests import shop as rows


def test_it_reaps_expires_and_finds_new_rows(run, db, settings):
    settings.SHOP_AI = {**settings.SHOP_AI, "ON_CREATE": {"describe_product": {}}}
    run("ai_sweep")
    lost, late = rows.products(2)
    jobs.enqueue("describe_product", lost)
    rows.Hand().one()
    settings.SHOP_AI = {**settings.SHOP_AI, "DEADLINE": 60.0}
    jobs.enqueue("describe_product", late)
    rows.pass_time(3600)
    (new,) = rows.products(1)

    said = run("ai_sweep")

    assert "1 jobs of lost workers are queued again, 1 were too late." in said.out
    assert "describe_product: 1 new rows queued." in said.out
    states = dict(Job.objects.values_list("target_id", "state"))
    assert states == {str(lost.pk): "queued", str(late.pk): "expired", str(new.pk): "queued"}


def test_it_leaves_it_to_a_worker_that_is_at_it(run, db, monkeypatch):
    @contextmanager
    def busy():
        yield False

    monkeypatch.setattr(ai_sweep, "alone", busy)

    assert "A worker is at it" in run("ai_sweep").out
