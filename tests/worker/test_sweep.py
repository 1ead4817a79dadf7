"""What changes without a signal is seen within one sweep, and one bad row holds up no other."""

from __future__ import annotations

import uuid

import pytest

from demo_store.catalogue.models import Attribute, Product
from demo_store.reviews.models import Review
from shop_ai import jobs, streams
from shop_ai.models import Job, Lane, State, StreamEvent, Suggestion, SweepMark
from shop_ai.models.clock import later
from shop_ai.models.suggestion import Decision
from shop_ai.roles import bindings, bound
from shop_ai.skills import skill
from shop_ai.streams import Event
from shop_ai.worker import sweep as module
from shop_ai.worker.sweep import changed_facts, grows, new_rows, sweep
from tests.shop import Hand, PolishText, edit, pass_time, products, review, shop_settings

pytestmark = pytest.mark.django_db
ON_CREATE = {"write_text": {"is_public": True}}


@pytest.fixture(autouse=True)
def _shop(shop):
    shop(ON_CREATE=ON_CREATE)
    return shop


def written(count=1, name="write_text", **output):
    """Rows with a text of ours."""
    rows = products(count)
    jobs.enqueue(name, rows)
    hand = Hand()
    for job in hand.claim(count):
        hand.finish(job, **(output or {"text": "By the model."}))
    return rows


def test_the_sweep_deletes_what_readers_were_told_long_ago(shop):
    shop(ON_CREATE=ON_CREATE, STREAM_EXPIRES=60.0)
    streams.publish(uuid.uuid4(), [Event(kind="sentence", attempt=1, text=text) for text in ("old", "new")])
    StreamEvent.objects.filter(text="old").update(created_at=later(-61))

    sweep()

    assert list(StreamEvent.objects.values_list("text", flat=True)) == ["new"]


# -- new rows ----------------------------------------------------------------------------------


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


def test_keys_that_do_not_grow_are_not_swept(awkward):
    awkward.SHOP_AI["ON_CREATE"] = {"describe_product": {}}
    awkward.SHOP_AI = dict(awkward.SHOP_AI)

    assert not grows(bindings()["product"])
    assert sweep()["describe_product"] == 0
    assert not SweepMark.objects.exists()


def test_a_child_table_grows_as_its_parent_does(awkward):
    awkward.SHOP_AI["ROLES"]["product"] = {"MODEL": "awkward.Book", "FIELDS": {"name": "isbn"}}
    awkward.SHOP_AI = dict(awkward.SHOP_AI)

    assert not grows(bindings()["product"])


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


# -- changed facts -----------------------------------------------------------------------------


def test_an_update_of_a_hundred_is_seen_within_one_sweep():
    rows = written(150)
    Product.objects.filter(pk__in=[row.pk for row in rows[:100]]).update(title="Plate")

    found = sweep()

    again = Job.objects.filter(state=State.QUEUED)
    assert (found["outdated"], again.count()) == (100, 100)
    assert set(again.values_list("target_id", flat=True)) == {str(row.pk) for row in rows[:100]}
    assert Suggestion.objects.filter(stale=True).count() == 100
    assert sweep()["outdated"] == 0


def test_an_edit_of_a_related_row_is_seen():
    (row,) = written()
    Attribute.objects.filter(product=row, name="Material").update(value="steel")

    assert sweep()["outdated"] == 1


def test_the_new_answer_replaces_the_outdated_one():
    (row,) = written()
    edit(row, title="Plate")
    sweep()
    hand = Hand()

    assert hand.finish(hand.one(), text="About the plate.") == State.SUCCEEDED

    row.refresh_from_db()
    assert row.long_text == "About the plate."
    assert sweep()["outdated"] == 0


def test_a_text_that_somebody_edited_is_marked_and_not_asked_for_again():
    (row,) = written()
    edit(row, title="Plate", long_text="By hand.")

    assert sweep()["outdated"] == 1
    assert not Job.objects.filter(state=State.QUEUED).exists()


def test_a_text_edited_while_the_sweep_looks_is_not_asked_for_again(monkeypatch):
    """The edit must not pass for the text before: the row is read once more under its lock."""
    (row,) = written()
    edit(row, title="Plate")
    seen = module.facts_changed

    def slow(suggestion, found):
        changed = seen(suggestion, found)
        edit(row, long_text="By hand.")
        return changed

    monkeypatch.setattr(module, "facts_changed", slow)

    changed_facts(10)

    assert not Job.objects.filter(state=State.QUEUED).exists()


def test_facts_that_came_back_meanwhile_are_not_outdated(monkeypatch):
    (row,) = written()
    title = row.title
    edit(row, title="Plate")
    seen = module.facts_changed

    def slow(suggestion, found):
        changed = seen(suggestion, found)
        edit(row, title=title)
        return changed

    monkeypatch.setattr(module, "facts_changed", slow)

    assert changed_facts(10) == 0
    assert not Suggestion.objects.filter(stale=True).exists()


def test_what_waits_for_approval_is_checked_too_and_only_suggested():
    (row,) = written(name="draft_title", title="Bowl of oak")
    edit(row, title="Plate")

    assert sweep()["outdated"] == 1
    assert Suggestion.objects.get().state == Decision.WAITING
    assert not Job.objects.filter(state=State.QUEUED).exists()


def test_ignored_facts_are_not_outdated(shop):
    shop(STALENESS={"write_text": "ignore"})
    (row,) = written()
    edit(row, title="Plate")

    assert sweep()["outdated"] == 0


def test_a_row_that_has_left_the_shop_is_not_written_for():
    (row,) = written()
    edit(row, title="Plate", is_public=False)

    assert sweep()["outdated"] == 1
    assert not Job.objects.filter(state=State.QUEUED).exists()


def test_only_the_text_applied_last_counts():
    (row,) = written()
    edit(row, title="Plate")
    sweep()
    hand = Hand()
    hand.finish(hand.one(), text="About the plate.")
    Suggestion.objects.update(stale=False, checked_at=None)

    assert changed_facts(10) == 0


def test_few_rows_a_time_come_around_in_turn():
    rows = written(4)
    Product.objects.update(title="Plate")

    assert [changed_facts(3), changed_facts(3), changed_facts(3)] == [3, 1, 0]
    assert Job.objects.filter(state=State.QUEUED).count() == len(rows)


def test_deleted_rows_and_what_is_no_longer_known_are_passed_over(shop):
    rows = written(2)
    jobs.enqueue("score_review", review(product=rows[1]))
    hand = Hand()
    hand.finish(hand.one(), sentiment="x", score=1)
    Review.objects.update(body="Changed.")
    rows[0].delete()
    made = shop_settings()
    del made["ROLES"]["review"]
    made["SKILLS"].remove("tests.shop.ScoreReview")
    shop(**made)
    edit(rows[1], title="Plate")

    assert changed_facts(10) == 1


def test_a_row_that_cannot_be_read_holds_up_no_other(monkeypatch, caplog):
    rows = written(3)
    Product.objects.update(title="Plate")
    seen = module.facts_changed

    def broken(suggestion, row):
        if row.pk == rows[0].pk:
            raise ValueError("a fault of the store's")
        return seen(suggestion, row)

    monkeypatch.setattr(module, "facts_changed", broken)

    assert changed_facts(10) == 2
    assert "could not check" in caplog.text
    assert not Suggestion.objects.filter(checked_at=None).exists()


def test_a_text_that_feeds_on_itself_comes_to_rest():
    (row,) = written(name="polish_text", text="Smooth.")

    assert [sweep()["outdated"] for _ in range(3)] == [0, 0, 0]
    assert bound(PolishText.role).model is Product
    assert not Job.objects.filter(state=State.QUEUED, target_id=str(row.pk)).exists()


def test_facts_that_never_rest_are_swept_ever_more_slowly():
    (row,) = written()
    hand = Hand()
    waited = []
    for n in range(8):
        edit(row, title=f"Plate {n}")
        assert sweep()["outdated"] == 1
        seconds = 0
        while not (taken := hand.claim(1)):
            pass_time(5)
            seconds += 5
        waited.append(seconds)
        hand.finish(taken[0], text=f"About {n}.")

    assert waited[0] == 0
    assert waited[-1] > 30
