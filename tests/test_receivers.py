"""`ON_CREATE`: what a new row asks for by itself, and that the store's save is never disturbed."""

from __future__ import annotations

import pytest
from django.core import serializers
from django.db import transaction

from demo_store.reviews.models import Review
from shop_ai import receivers
from shop_ai.models import Job, Lane
from shop_ai.roles.writing import writing
from tests.shop import edit, product, review, shop_settings

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(shop):
    shop(ON_CREATE={"score_review": {"status": 1}})
    receivers.connect()
    return shop


def test_a_new_row_is_queued_in_the_bulk_lane_after_a_pause():
    made = review(status=1)

    job = Job.objects.get()
    assert (job.skill, job.target_id, job.lane) == ("score_review", str(made.pk), Lane.BULK)
    assert (job.available_at - job.rank).total_seconds() == pytest.approx(5 - 600)


def test_a_row_that_does_not_meet_the_condition_is_left_alone():
    review(status=0)

    assert not Job.objects.exists()


def test_a_filter_and_a_condition_on_the_same_field_go_together(shop):
    roles = shop_settings()["ROLES"]
    roles["review"]["FILTER"] = {"status": 1}
    shop(ON_CREATE={"score_review": {"status": 1}}, ROLES=roles)

    review(status=1)

    assert Job.objects.count() == 1


def test_a_change_is_no_creation():
    made = review(status=0)
    made.status = 1
    made.save()

    assert not Job.objects.exists()


def test_fixtures_are_ignored():
    made = review(status=1)
    text = serializers.serialize("json", [made])
    Job.objects.all().delete()
    made.delete()

    for loaded in serializers.deserialize("json", text):
        loaded.save()

    assert Review.objects.count() == 1
    assert not Job.objects.exists()


def test_our_own_writes_are_ignored():
    with writing():
        review(status=1)

    assert not Job.objects.exists()


def test_another_models_rows_are_ignored():
    product()

    assert not Job.objects.exists()


def test_a_skill_that_is_not_listed_is_passed_over(shop):
    shop(ON_CREATE={"unheard_of": {}, "score_review": {}})

    review()

    assert Job.objects.count() == 1


@pytest.mark.parametrize("condition", [{"no_such_field": 1}, {"body__regex": "("}])
def test_a_mistake_of_ours_breaks_no_save(shop, caplog, condition):
    """Also where the database itself refuses: the store's own transaction stays usable on PostgreSQL."""
    shop(ON_CREATE={"score_review": condition})

    with transaction.atomic():
        made = review()
        edit(made, title="Still here")

    assert Review.objects.get().title == "Still here"
    assert "the sweep will find it" in caplog.text
    assert not Job.objects.exists()


def test_a_rolled_back_row_leaves_no_job():
    """F11."""
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        review(status=1)
        _ = 1 / 0

    assert not Job.objects.exists()
