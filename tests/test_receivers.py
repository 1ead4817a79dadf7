"""`ON_CREATE`: what a new row asks for by itself, and that the store's save is never disturbed."""

from __future__ import annotations

import copy

import pytest
from django.core import serializers
from django.db import transaction

from demo_store.reviews.models import Review
from shop_ai import jobs, receivers
from shop_ai.models import Job, Lane
from shop_ai.roles.writing import writing
from tests.shop import edit, product, review, shop_settings
from tests.stores.awkward.models import Book, Product, ShopProduct
from tests.stores.awkward.models import Review as AwkwardReview

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


@pytest.mark.parametrize("saved", [Product, ShopProduct, Book])
@pytest.mark.parametrize("bound", ["awkward.Product", "awkward.ShopProduct"])
def test_a_row_is_heard_whatever_class_it_was_saved_as(awkward, bound, saved):
    """Django sends the signal for the class alone: not for its parent, and not for its proxies."""
    made = copy.deepcopy(awkward.SHOP_AI)
    made["ROLES"]["product"].update(MODEL=bound)
    awkward.SHOP_AI = {**made, "ON_CREATE": {"describe_product": {}}}
    receivers.connect()

    row = saved.objects.create()

    job = Job.objects.get()
    assert (job.target_model, job.target_id) == (bound.lower(), str(row.pk))


@pytest.mark.parametrize(("saved", "heard"), [(Book, 1), (Product, 0), (ShopProduct, 0), (AwkwardReview, 0)])
def test_a_parent_is_no_row_of_the_child_table(awkward, saved, heard):
    made = copy.deepcopy(awkward.SHOP_AI)
    made["ROLES"]["product"] = {"MODEL": "awkward.Book", "FIELDS": {"name": "isbn", "description": "blurb"}}
    awkward.SHOP_AI = {**made, "ON_CREATE": {"describe_product": {}}}
    receivers.connect()

    saved.objects.create()

    assert Job.objects.count() == heard


def test_two_roles_on_one_table_are_each_heard_once(shop, monkeypatch):
    asked = []
    monkeypatch.setattr(jobs, "enqueue", lambda name, rows, **_: asked.append((name, rows.model)))
    roles = shop_settings()["ROLES"]
    roles["ticket"] = {"MODEL": "reviews.Review", "FIELDS": {"text": "body"}}
    shop(ON_CREATE={"score_review": {}, "weigh_review": {}}, ROLES=roles)
    receivers.connect()

    review()

    assert asked == [("score_review", Review), ("weigh_review", Review)]


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
