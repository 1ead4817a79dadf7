"""Rows that come without a signal are seen within one sweep, whatever their keys are."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from demo_store.catalogue.models import Product
from shop_ai import jobs
from shop_ai.models import Job, Lane, SweepMark
from shop_ai.roles.writing import writing
from shop_ai.skills import skill
from shop_ai.worker.new_rows import new_rows
from shop_ai.worker.sweep import sweep
from tests.shop import products, shop_settings
from tests.stores.awkward.models import Book, Purchase
from tests.stores.awkward.models import Product as AwkwardProduct

pytestmark = pytest.mark.django_db
ON_CREATE = {"write_text": {"is_public": True}}


@pytest.fixture(autouse=True)
def _shop(shop):
    shop(ON_CREATE=ON_CREATE)
    return shop


# -- keys that grow ----------------------------------------------------------------------------


def test_a_bulk_create_of_a_thousand_is_seen_within_one_sweep():
    sweep()
    products(1000)

    found = sweep()

    assert found["write_text"] == 1000
    assert Job.objects.filter(lane=Lane.BULK).count() == 1000
    assert sweep()["write_text"] == 0


def test_rows_older_than_the_first_sweep_are_not_new():
    products(3)

    assert [sweep()["write_text"], sweep()["write_text"]] == [0, 0]
    products(1)
    assert sweep()["write_text"] == 1


def test_a_row_committed_late_is_seen():
    """Its key was drawn before that of a row already swept."""
    sweep()
    late, early = products(2)
    key, fields = late.pk, {"maker": late.maker, "category": late.category}
    late.delete()
    assert sweep()["write_text"] == 1

    Product.objects.bulk_create([Product(pk=key, sku="late", title="Late", price=1, **fields)])

    assert sweep()["write_text"] == 1
    assert set(Job.objects.values_list("target_id", flat=True)) == {str(early.pk), str(key)}


def test_a_row_with_a_job_of_any_state_is_not_new():
    sweep()
    products(1)
    sweep()
    jobs.cancel(Job.objects.all())

    assert sweep()["write_text"] == 0


def test_rows_outside_the_condition_or_the_filter_are_left_alone(shop):
    roles = shop_settings()["ROLES"]
    roles["product"]["FILTER"] = {"stock__gt": 0}
    shop(ON_CREATE=ON_CREATE, ROLES=roles)
    sweep()
    products(1, is_public=False, stock=1)
    products(1, stock=0)
    products(1, stock=1)

    assert sweep()["write_text"] == 1


def test_the_first_row_of_an_empty_table_is_new():
    sweep()
    products(1)

    assert SweepMark.objects.get().floor == "0"
    assert sweep()["write_text"] == 1


def test_a_role_that_is_not_bound_has_no_new_rows(shop):
    asked = skill("score_review")
    roles = shop_settings()["ROLES"]
    del roles["review"]
    shop(ROLES=roles)

    assert new_rows(asked) == 0


@pytest.mark.parametrize("broken", ["unheard_of", "score_review"])
def test_one_skill_that_cannot_be_swept_holds_up_no_other(shop, caplog, broken):
    shop(ON_CREATE={broken: {"no_such_field": 1}, "write_text": {}})
    sweep()
    products(1)

    assert sweep()["write_text"] == 1
    assert f"new rows for {broken}" in caplog.text


def test_a_table_that_was_emptied_and_counts_anew_is_swept(shop):
    products(3)
    sweep()
    SweepMark.objects.update(floor="5000", top="5000")
    sweep()
    products(1)

    assert sweep()["write_text"] == 1


# -- keys that do not grow ---------------------------------------------------------------------

DAY = timedelta(days=1)


@pytest.fixture
def unordered(awkward):
    """The awkward store with a time for its keys to be told apart by; gives what to change and set again."""

    def bind(model="awkward.ShopProduct", **fields):
        made = copy.deepcopy(awkward.SHOP_AI)
        made["ROLES"]["product"]["MODEL"] = model
        made["ROLES"]["product"]["FIELDS"].update({"created": "added", **fields})
        awkward.SHOP_AI = {**made, "ON_CREATE": {"describe_product": {"archived": False}}}

    bind()
    return bind


def swept() -> int:
    return sweep()["describe_product"]


def made(age=timedelta(), **fields):
    """A row of that age, without a signal."""
    (row,) = AwkwardProduct.everything.bulk_create([AwkwardProduct(**fields)])
    AwkwardProduct.everything.filter(pk=row.pk).update(added=timezone.now() - age)
    return row


@pytest.mark.parametrize("bound", ["awkward.Product", "awkward.ShopProduct"])
def test_a_bulk_create_with_uuid_keys_is_seen_within_one_sweep(unordered, bound):
    unordered(bound)
    AwkwardProduct.everything.bulk_create(AwkwardProduct() for _ in range(10))
    swept()
    rows = AwkwardProduct.everything.bulk_create(AwkwardProduct() for _ in range(1000))

    assert swept() == 1000
    assert set(Job.objects.values_list("target_model", "target_id")) == {
        (bound.lower(), str(row.pk)) for row in rows
    }
    assert swept() == 0


def test_rows_of_a_child_table_are_seen(unordered):
    unordered("awkward.Book", description="blurb")
    swept()
    with writing():
        book = Book.objects.create()
        AwkwardProduct.objects.create()

    assert swept() == 1
    assert Job.objects.get().target_id == str(book.pk)


def test_a_row_with_a_uuid_and_an_ended_job_is_not_new(unordered):
    swept()
    made()
    swept()
    jobs.cancel(Job.objects.all())

    assert swept() == 0


def test_a_row_of_another_skill_s_job_is_new(unordered):
    swept()
    row = made()
    jobs.enqueue("describe_product", row)
    Job.objects.update(skill="another", twin="another", queue_key="another")

    assert swept() == 1


def test_a_row_older_than_the_first_sweep_is_never_new(unordered):
    """Nor is one that was put in afterwards with an old date."""
    made(DAY)
    assert [swept(), swept()] == [0, 0]
    made(DAY)

    assert swept() == 0


def test_a_row_that_was_committed_late_is_seen_within_the_hour(unordered):
    swept()
    SweepMark.objects.update(floor=(timezone.now() - DAY).isoformat())
    made(timedelta(minutes=50))
    made(timedelta(minutes=70))

    assert swept() == 1


def test_rows_made_while_nobody_swept_are_seen(unordered):
    swept()
    SweepMark.objects.update(
        floor=(timezone.now() - 3 * DAY).isoformat(), top=(timezone.now() - 2 * DAY).isoformat()
    )
    made(DAY)

    assert swept() == 1
    assert datetime.fromisoformat(SweepMark.objects.get().top) > timezone.now() - DAY


def test_a_date_that_is_still_to_come_hides_no_new_row(unordered):
    swept()
    made(-1000 * DAY)
    assert swept() == 1
    made()

    assert swept() == 1


def test_what_does_not_meet_the_condition_is_left_alone(unordered):
    swept()
    made(archived=True)

    assert swept() == 0


def test_a_condition_on_the_time_itself_goes_beside_the_sweep_s_own(unordered, awkward):
    condition = {"added__gt": datetime(2020, 1, 1, tzinfo=UTC)}
    awkward.SHOP_AI = {**awkward.SHOP_AI, "ON_CREATE": {"describe_product": condition}}
    swept()
    made()

    assert swept() == 1


@pytest.mark.parametrize("fields", [{"created": "changed"}, {"created": "slogan"}])
def test_without_a_time_that_is_set_once_nothing_is_swept(unordered, fields):
    """`shop_ai.W070` says so."""
    unordered(**fields)
    swept()
    made()

    assert swept() == 0
    assert not SweepMark.objects.exists()


@pytest.mark.parametrize("before", ["4711", "20260101"])
def test_a_store_that_changed_its_keys_starts_anew(unordered, before):
    SweepMark.objects.create(skill="describe_product", floor=before, top=before)
    made()
    assert swept() == 0
    made()

    assert swept() == 1


# -- another database --------------------------------------------------------------------------


@pytest.mark.django_db(databases=["default", "suppliers"])
def test_rows_of_another_database_are_seen(awkward):
    awkward.SHOP_AI = {**awkward.SHOP_AI, "SKILLS": ["tests.shop.NoteOrder"], "ON_CREATE": {"note_order": {}}}
    sweep()
    Purchase.objects.bulk_create(Purchase(number=str(n)) for n in range(3))

    assert [sweep()["note_order"], sweep()["note_order"]] == [3, 0]
