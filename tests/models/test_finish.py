"""Fence, freshness, write-back and what follows, at each moment somebody may come between."""

from __future__ import annotations

import pytest

from demo_store.catalogue.models import Attribute, Product
from shop_ai import jobs, signals
from shop_ai.exceptions import Refused, TargetGone
from shop_ai.models import Attempt, Job, Lane, State, Suggestion, moves
from shop_ai.models.finish import finish
from shop_ai.models.suggestion import Decision
from tests.models.invariants import Watch, violations
from tests.shop import Hand, edit, pass_time, product, products, review, shop_settings

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(shop):
    yield shop
    assert [v for v in violations() if not v.startswith("I6")] == []


def asked(name="write_text", row=None, **kwargs):
    row = row or product()
    jobs.enqueue(name, row, **kwargs)
    hand = Hand()
    job = hand.one()
    return row, hand, job, hand.read(job)


def text_of(row):
    row.refresh_from_db()
    return row.long_text


# -- fresh -------------------------------------------------------------------------------------


def test_a_fresh_answer_of_an_automatic_skill_is_written():
    row, hand, job, run = asked()
    watch = Watch()
    watch.rows([row], written=("long_text", "updated_at"))

    state = finish(job, hand.answer(run, text="Oak, by hand."))

    suggestion = Suggestion.objects.get()
    assert (state, text_of(row)) == (State.SUCCEEDED, "Oak, by hand.")
    assert (suggestion.state, suggestion.decided_by, suggestion.stale) == (Decision.APPLIED, None, False)
    assert (suggestion.before, suggestion.applied) == ({"description": ""}, {"description": "Oak, by hand."})
    assert watch.violations(settled=True) == []


def test_a_fresh_answer_that_needs_approval_waits():
    row, hand, job, run = asked("draft_title")

    state = finish(job, hand.answer(run, title="Bowl of oak"))

    row.refresh_from_db()
    suggestion = Suggestion.objects.get()
    assert (state, row.meta_title, suggestion.state) == (State.SUCCEEDED, "", Decision.WAITING)
    assert suggestion.provenance["fields"] == ["name"]


def test_scores_are_written_as_they_are():
    row = review()
    _, hand, job, run = asked("score_review", row)

    finish(job, hand.answer(run, sentiment="positive", score=4))

    row.refresh_from_db()
    assert (row.sentiment, row.score) == ("positive", 4.0)
    jobs.revert(Suggestion.objects.get(), by=None)
    row.refresh_from_db()
    assert (row.sentiment, row.score) == ("", None)


def test_a_result_without_a_field_stays_with_the_job():
    _, hand, job, run = asked("weigh_review", review())

    finish(job, hand.answer(run, weight=3))

    assert Job.objects.get().output == {"weight": 3}
    assert (Suggestion.objects.get().before, Suggestion.objects.get().after) == ({}, {})


def test_an_automatic_text_is_sanitised_and_fits_its_field(shop):
    made = shop_settings()
    made["ROLES"]["product"]["FIELDS"]["description"] = {"READ": "meta_title"}
    shop(ROLES=made["ROLES"])
    row, hand, job, run = asked()

    finish(job, hand.answer(run, text="<b>Oak.</b>\u202e <script>x</script>" + " Fine and long." * 20))

    row.refresh_from_db()
    assert row.meta_title.startswith("Oak. Fine and long.")
    assert len(row.meta_title) <= 70


def test_html_fields_get_paragraphs_and_can_be_reverted(shop):
    made = shop_settings()
    made["ROLES"]["product"]["FIELDS"]["description"] = {"READ": "long_text", "FORMAT": "html"}
    shop(ROLES=made["ROLES"])
    row, hand, job, run = asked()

    finish(job, hand.answer(run, text="Oak & ash.\n\nBy hand."))

    assert text_of(row) == "<p>Oak &amp; ash.</p><p>By hand.</p>"
    jobs.revert(Suggestion.objects.get(), by=None)
    assert text_of(row) == ""


def html_title(shop):
    made = shop_settings()
    made["ROLES"]["product"]["FIELDS"]["seo_title"] = {"READ": "meta_title", "FORMAT": "html"}
    shop(ROLES=made["ROLES"])


def test_markup_counts_where_a_text_must_fit_its_field(shop):
    html_title(shop)
    row, hand, job, run = asked("draft_title")

    finish(job, hand.answer(run, title="Oak & ash bowls. " * 4))
    jobs.apply(Suggestion.objects.get(), by=None)

    row.refresh_from_db()
    assert row.meta_title == "<p>Oak &amp; ash bowls. Oak &amp; ash bowls.</p>"
    assert Suggestion.objects.get().after == {"seo_title": "Oak & ash bowls. Oak & ash bowls."}


def test_a_persons_text_that_fits_only_without_its_markup_is_refused(shop):
    html_title(shop)
    _row, hand, job, run = asked("draft_title")
    finish(job, hand.answer(run, title="Oak."))

    with pytest.raises(Refused, match="76 characters, with its markup; the store's field takes 70"):
        jobs.apply(Suggestion.objects.get(), by=None, values={"seo_title": "x" * 69})


def test_a_new_answer_replaces_the_one_that_waits():
    row, hand, job, run = asked("draft_title")
    finish(job, hand.answer(run, title="First"))
    _, hand, job, run = asked("draft_title", row)

    finish(job, hand.answer(run, title="Second"))

    states = dict(Suggestion.objects.values_list("state", "after"))
    assert states == {"superseded": {"seo_title": "First"}, "waiting": {"seo_title": "Second"}}


def test_what_was_spent_stands_in_the_attempt():
    _, hand, job, run = asked()
    result = hand.answer(run, text="Oak.")
    object.__setattr__(result, "tokens_out", 7)

    finish(job, result)

    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.tokens_out, attempt.finished_at is not None) == ("succeeded", 7, True)


def test_it_is_announced_after_commit(django_capture_on_commit_callbacks):
    heard = []
    signals.suggestion_ready.connect(
        listener := lambda sender, suggestion, **_: heard.append(suggestion.state)
    )
    _, hand, job, run = asked()

    with django_capture_on_commit_callbacks(execute=True):
        finish(job, hand.answer(run, text="Oak."))
    signals.suggestion_ready.disconnect(listener)

    assert heard == [Decision.APPLIED]


# -- facts changed -----------------------------------------------------------------------------


def test_facts_changed_while_it_was_written_are_detected():
    """F15: the old text is not applied, and another is made from the new data."""
    row, hand, job, run = asked()
    edit(row, title="Plate")

    state = finish(job, hand.answer(run, text="A bowl."))

    assert (state, text_of(row)) == (State.STALE, "")
    assert "facts" in Suggestion.objects.get().stale_reason
    hand.finish(hand.one(), text="A plate.")
    assert text_of(row) == "A plate."


@pytest.mark.parametrize("change", ["maker", "attribute", "language"])
def test_every_fact_the_prompt_used_counts(change):
    row, hand, job, run = asked()
    if change == "maker":
        edit(row.maker, name="Olsen")
    elif change == "attribute":
        Attribute.objects.filter(product=row, name="Material").update(value="steel")
    else:
        edit(row, language="zh-hans")

    assert finish(job, hand.answer(run, text="Oak.")) == State.STALE


def test_a_change_the_prompt_did_not_use_does_not_count():
    row, hand, job, run = asked()
    edit(row, price=9, stock=3, meta_title="Else")

    assert finish(job, hand.answer(run, text="Oak.")) == State.SUCCEEDED


def test_facts_changed_between_button_and_claim_are_simply_read():
    row = product()
    jobs.enqueue("write_text", row)
    edit(row, title="Plate")
    hand = Hand()

    assert hand.finish(hand.one(), text="A plate.") == State.SUCCEEDED


@pytest.mark.parametrize(
    ("policy", "state", "successors"),
    [("requeue", State.STALE, 1), ("suggest", State.STALE, 0), ("ignore", State.SUCCEEDED, 0)],
)
def test_the_policy_says_what_follows(shop, policy, state, successors):
    shop(STALENESS={"write_text": policy})
    row, hand, job, run = asked()
    edit(row, title="Plate")

    assert finish(job, hand.answer(run, text="A bowl.")) == state
    assert Job.objects.filter(state=State.QUEUED).count() == successors
    assert text_of(row) == ("A bowl." if policy == "ignore" else "")


def test_facts_that_never_rest_are_asked_about_ever_more_slowly():
    """A store's function that gives something else each time must not keep the processor busy for ever."""
    row, hand, job, run = asked()
    waits = []
    for n in range(7):
        edit(row, title=f"Bowl {n}")
        assert finish(job, hand.answer(run, text="Old.")) == State.STALE
        waits.append(len(hand.claim(5, caps={"interactive": 0, "bulk": 0})))
        seconds = 0
        while not (taken := hand.claim(1)):
            pass_time(1)
            seconds += 1
        waits[-1] = seconds
        job = taken[0]
        run = hand.read(job)

    assert waits[:3] == [0, 0, 0]
    assert waits[3:] == sorted(waits[3:]) and waits[-1] > 30


def test_a_successor_keeps_lane_and_batch():
    row, hand, job, run = asked(lane=Lane.BULK)
    edit(row, title="Plate")

    finish(job, hand.answer(run, text="A bowl."))

    assert Job.objects.get(state=State.QUEUED).lane == Lane.BULK


# -- the text changed --------------------------------------------------------------------------


def test_a_text_edited_between_button_and_claim_is_not_overwritten():
    """F16b: the target's fingerprint is as old as the button."""
    row = product()
    jobs.enqueue("write_text", row)
    edit(row, long_text="By hand.")
    hand = Hand()

    state = hand.finish(hand.one(), text="By the model.")

    suggestion = Suggestion.objects.get()
    assert (state, text_of(row)) == (State.STALE, "By hand.")
    assert (suggestion.state, suggestion.before) == (Decision.WAITING, {"description": "By hand."})
    assert "changed by somebody" in suggestion.stale_reason
    assert not Job.objects.filter(state=State.QUEUED).exists()


def test_a_text_edited_while_it_was_written_is_not_overwritten():
    """F16: the answer is kept as a suggestion, and nobody asks again."""
    row, hand, job, run = asked()
    edit(row, long_text="By hand.", title="Plate")

    assert finish(job, hand.answer(run, text="By the model.")) == State.STALE
    assert text_of(row) == "By hand."
    assert not Job.objects.filter(state=State.QUEUED).exists()


def test_a_deleted_row_ends_the_job_without_a_trace():
    """F17: no exception for the worker to trip over, no answer kept."""
    row, hand, job, run = asked()
    row.delete()

    with pytest.raises(TargetGone):
        finish(job, hand.answer(run, text="By the model."))

    assert moves.end(job, State.CANCELLED, kind="target_gone")
    assert (Job.objects.get().output, Suggestion.objects.count()) == (None, 0)


def test_a_key_that_no_row_can_have_is_gone(shop):
    _, hand, job, run = asked()
    job.target_id = "no number"

    with pytest.raises(TargetGone):
        finish(job, hand.answer(run, text="x"))


def test_a_model_that_is_no_longer_bound_is_gone(shop):
    _, hand, job, run = asked("score_review", review())
    roles = shop_settings()["ROLES"]
    del roles["review"]
    shop(ROLES=roles)

    with pytest.raises(TargetGone, match="no longer bound"):
        finish(job, hand.answer(run, sentiment="x", score=1))


# -- the fence ---------------------------------------------------------------------------------


def test_a_stale_writer_writes_nothing():
    """F4: the worker that slept through its lease is fenced; the second attempt's result stands."""
    row, hand, job, run = asked()
    pass_time(31)
    moves.reap()
    other = Hand()
    second = other.one()

    late = finish(job, hand.answer(run, text="Late."))
    other.finish(second, text="In time.")

    assert (late, text_of(row)) == (None, "In time.")
    assert finish(job, hand.answer(run, text="Later.")) is None
    assert Suggestion.objects.count() == 1


def test_a_cancelled_job_is_not_applied():
    """F33: a late result is never applied."""
    row, hand, job, run = asked()
    jobs.cancel(Job.objects.all())

    assert finish(job, hand.answer(run, text="Late.")) is None
    assert (text_of(row), Suggestion.objects.count()) == ("", 0)
    assert moves.stop(job)


# -- text that is its own fact -----------------------------------------------------------------


def test_a_text_that_is_its_own_fact_is_not_outdated_by_its_own_writing():
    from shop_ai.worker.sweep import changed_facts

    row, hand, job, run = asked("polish_text", product(long_text="Rough."))
    finish(job, hand.answer(run, text="Smooth."))

    assert changed_facts(100) == 0
    edit(row, long_text="By hand.")
    assert changed_facts(100) == 1
    assert not Job.objects.filter(state=State.QUEUED).exists()


# -- another database --------------------------------------------------------------------------


@pytest.mark.django_db(databases=["default", "suppliers"], transaction=True)
def test_a_role_in_another_database_is_read_only(awkward):
    from tests.stores.awkward.models import Purchase

    awkward.SHOP_AI = {**awkward.SHOP_AI, "SKILLS": ["tests.shop.NoteOrder"]}
    row = Purchase.objects.create(number="7", state="open")
    jobs.enqueue("note_order", row)
    hand = Hand()

    state = hand.finish(hand.one(), note="paid")

    row.refresh_from_db()
    assert (state, row.state) == (State.SUCCEEDED, "open")
    assert Job.objects.get().output == {"note": "paid"}
    assert Suggestion.objects.get().after == {}


# -- many --------------------------------------------------------------------------------------


def test_one_answer_costs_a_constant_number_of_queries(django_assert_max_num_queries):
    row, hand, job, run = asked()
    result = hand.answer(run, text="Oak.")

    with django_assert_max_num_queries(24):
        finish(job, result)

    assert text_of(row) == "Oak."


def test_many_products_edited_at_both_moments():
    """F15, F16, F16b: 100 edited before the claim, 100 while the LM writes; no old text, no edit lost."""
    rows = products(300)
    jobs.enqueue("write_text", rows, lane=Lane.BULK)
    for row in rows[:50]:
        edit(row, long_text="By hand.")
    for row in rows[50:100]:
        edit(row, title="Plate")
    hand = Hand()
    runs = [(job, hand.read(job)) for job in hand.claim(300)]
    for row in rows[100:150]:
        edit(row, long_text="By hand.")
    for row in rows[150:200]:
        edit(row, title="Plate")

    for job, run in runs:
        finish(job, hand.answer(run, text=f"About {run.values['name']}."))

    rows = list(Product.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk"))
    by_hand = rows[:50] + rows[100:150]
    assert {row.long_text for row in by_hand} == {"By hand."}
    assert {row.long_text for row in rows[50:100]} == {"About Plate."}
    assert {row.long_text for row in rows[150:200]} == {""}
    assert all(row.long_text == f"About {row.title}." for row in rows[200:])
    again = hand.claim(300)
    assert {job.target_id for job in again} == {str(row.pk) for row in rows[150:200]}
    for job in again:
        hand.finish(job, text="About Plate.")
    assert Product.objects.filter(long_text="About Plate.").count() == 100
