"""What a person does with a suggestion, and what somebody did meanwhile."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError

from shop_ai import jobs, signals
from shop_ai.exceptions import Conflict, Outdated, Refused, TargetGone, Unfit
from shop_ai.models import Job, Lane, State, Suggestion
from shop_ai.models.decisions import facts_changed, seen_now, untouched
from shop_ai.models.suggestion import Decision
from tests.shop import Hand, edit, product, shop_settings

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(shop):
    return shop


@pytest.fixture
def person(django_user_model):
    return django_user_model.objects.create(username="editor")


def drafted(title="Bowl of oak", **fields):
    row = product(**fields)
    jobs.enqueue("draft_title", row)
    hand = Hand()
    hand.finish(hand.one(), title=title)
    return row, Suggestion.objects.get(target_id=str(row.pk), state=Decision.WAITING)


def title_of(row):
    row.refresh_from_db()
    return row.meta_title


# -- apply -------------------------------------------------------------------------------------


def test_apply_writes_the_field_and_nothing_else(person):
    row, suggestion = drafted(meta_title="Old")
    edit(row, price=9)

    jobs.apply(suggestion, by=person)

    suggestion.refresh_from_db()
    assert (title_of(row), row.price) == ("Bowl of oak", 9)
    assert (suggestion.state, suggestion.decided_by, suggestion.edited) == (Decision.APPLIED, person, False)
    assert (suggestion.before, suggestion.applied) == ({"seo_title": "Old"}, {"seo_title": "Bowl of oak"})


def test_every_decision_stands_in_the_admins_log(person):
    row, suggestion = drafted()
    jobs.edit(suggestion, by=person, values={"seo_title": "Mine"})
    jobs.apply(suggestion, by=person)
    jobs.revert(suggestion, by=person)
    _, other = drafted()
    jobs.dismiss(other, by=person)

    said = list(
        LogEntry.objects.order_by("pk").values_list("change_message", "object_repr", "user__username")
    )

    assert [message.split()[0] for message, _, _ in said] == ["Edited", "Applied", "Reverted", "Dismissed"]
    assert said[0][1:] == (str(row), "editor")


def test_nobody_leaves_no_line_in_the_log():
    row, suggestion = drafted()

    jobs.apply(suggestion, by=None)

    assert title_of(row) == "Bowl of oak"
    assert not LogEntry.objects.exists()


def test_a_persons_wording_is_applied_and_marked(person):
    row, suggestion = drafted()

    jobs.apply(suggestion, by=person, values={"seo_title": "<b>Bowl</b> of  oak!"})

    suggestion.refresh_from_db()
    assert (title_of(row), suggestion.edited) == ("Bowl of oak!", True)
    assert suggestion.after == {"seo_title": "Bowl of oak"}


def test_saving_the_same_wording_is_no_edit(person):
    _, suggestion = drafted()

    jobs.edit(suggestion, by=person, values=suggestion.after)

    suggestion.refresh_from_db()
    assert not suggestion.edited
    assert not LogEntry.objects.exists()


def test_an_edit_before_stays_marked_when_applied(person):
    row, suggestion = drafted()
    jobs.edit(suggestion, by=person, values={"seo_title": "Mine"})

    jobs.apply(suggestion, by=person)

    suggestion.refresh_from_db()
    assert (title_of(row), suggestion.edited) == ("Mine", True)


@pytest.mark.parametrize(
    ("values", "words"), [({"seo_title": "x" * 71}, "takes 70"), ({"colour": "red"}, "no colour")]
)
def test_wording_that_does_not_fit_is_refused(values, words):
    row, suggestion = drafted()

    with pytest.raises(Refused, match=words):
        jobs.apply(suggestion, by=None, values=values)
    with pytest.raises(Refused, match=words):
        jobs.edit(suggestion, by=None, values=values)

    assert title_of(row) == ""


def test_an_empty_wording_is_refused(person):
    row, suggestion = drafted(meta_title="Old")

    with pytest.raises(Refused, match="seo_title is empty"):
        jobs.apply(suggestion, by=person, values={"seo_title": " \n "})

    assert title_of(row) == "Old"


def test_a_text_that_somebody_changed_is_a_conflict():
    row, suggestion = drafted()
    edit(row, meta_title="By hand")

    with pytest.raises(Conflict):
        jobs.apply(suggestion, by=None)

    assert title_of(row) == "By hand"


def test_who_compared_with_the_present_text_may_replace_it():
    row, suggestion = drafted()
    edit(row, meta_title="By hand")

    jobs.apply(suggestion, by=None, seen=seen_now(suggestion))

    assert title_of(row) == "Bowl of oak"


def test_a_text_changed_after_the_comparison_is_a_conflict():
    row, suggestion = drafted()
    seen = seen_now(suggestion)
    edit(row, meta_title="By hand")

    with pytest.raises(Conflict):
        jobs.apply(suggestion, by=None, seen=seen)


def test_changed_facts_make_it_outdated_unless_accepted():
    row, suggestion = drafted()
    edit(row, title="Plate")

    with pytest.raises(Outdated):
        jobs.apply(suggestion, by=None)
    jobs.apply(suggestion, by=None, accept_stale=True)

    suggestion.refresh_from_db()
    assert (title_of(row), suggestion.stale) == ("Bowl of oak", False)
    assert not facts_changed(suggestion, row)


def test_ignored_facts_do_not_make_it_outdated(shop):
    shop(STALENESS={"draft_title": "ignore"})
    row, suggestion = drafted()
    edit(row, title="Plate")

    jobs.apply(suggestion, by=None)

    assert title_of(row) == "Bowl of oak"


def test_a_row_that_is_gone_is_told():
    row, suggestion = drafted()
    row.delete()

    with pytest.raises(TargetGone):
        jobs.apply(suggestion, by=None)


def test_what_was_decided_is_not_decided_again():
    _, suggestion = drafted()
    jobs.apply(suggestion, by=None)

    for again in (jobs.apply, jobs.dismiss):
        with pytest.raises(Refused, match="Applied"):
            again(suggestion, by=None)
    with pytest.raises(Refused, match="Applied"):
        jobs.edit(suggestion, by=None, values={})


def test_an_applied_text_is_an_edit_for_whoever_still_writes():
    """A person's decision counts like an edit: a job asked for before does not overwrite it."""
    row, suggestion = drafted()
    jobs.enqueue("draft_title", row)
    hand = Hand()
    job = hand.one()
    run = hand.read(job)
    jobs.apply(suggestion, by=None)

    from shop_ai.models.finish import finish

    assert finish(job, hand.answer(run, title="Another")) == State.STALE


# -- dismiss, revert ---------------------------------------------------------------------------


def test_dismiss_leaves_the_row_alone(person):
    row, suggestion = drafted(meta_title="Old")

    jobs.dismiss(suggestion, by=person)

    suggestion.refresh_from_db()
    assert (title_of(row), suggestion.state) == ("Old", Decision.DISMISSED)


def test_revert_puts_back_what_stood_there():
    row, suggestion = drafted(meta_title="Old")
    jobs.apply(suggestion, by=None)

    jobs.revert(suggestion, by=None)

    suggestion.refresh_from_db()
    assert (title_of(row), suggestion.state) == ("Old", Decision.REVERTED)


def test_revert_refuses_when_somebody_has_edited_since():
    row, suggestion = drafted()
    jobs.apply(suggestion, by=None)
    edit(row, meta_title="By hand")

    with pytest.raises(Conflict, match="edited the text since"):
        jobs.revert(suggestion, by=None)

    assert title_of(row) == "By hand"
    assert not untouched(suggestion, row)


def test_a_store_that_keeps_the_value_in_its_own_way_can_still_revert(monkeypatch):
    from demo_store.catalogue.models import Product

    def save(self, **kwargs):
        self.meta_title = self.meta_title.upper()
        super(Product, self).save(**kwargs)

    monkeypatch.setattr(Product, "save", save)
    row, suggestion = drafted()
    jobs.apply(suggestion, by=None)
    assert title_of(row) == "BOWL OF OAK"

    jobs.revert(suggestion, by=None)

    assert title_of(row) == ""


def test_what_waits_cannot_be_reverted():
    _, suggestion = drafted()

    with pytest.raises(Refused, match="Ready to review"):
        jobs.revert(suggestion, by=None)


def test_a_field_without_undo_cannot_be_reverted(shop):
    made = shop_settings()
    writes = {"READ": "meta_title", "WRITE": "tests.models.test_decisions.write_title"}
    made["ROLES"]["product"]["FIELDS"]["seo_title"] = writes
    shop(ROLES=made["ROLES"])
    row, suggestion = drafted()
    jobs.apply(suggestion, by=None)
    assert title_of(row) == "Bowl of oak"

    with pytest.raises(Refused, match="no way to undo"):
        jobs.revert(suggestion, by=None)


def write_title(row, value, language):
    row.meta_title = value
    row.save(update_fields=["meta_title"])


# -- what the store's row does not take --------------------------------------------------------


@pytest.fixture
def bind(shop):
    """Binds the title for search engines to another column, past the checks."""

    def to(column):
        roles = shop_settings()["ROLES"]
        roles["product"]["FIELDS"]["seo_title"] = column
        shop(ROLES=roles)

    return to


@pytest.mark.parametrize("column", ["price", "stock", "is_public", "created_at"])
def test_a_column_of_another_kind_refuses_the_text(bind, person, column):
    bind(column)
    row, suggestion = drafted()
    before = getattr(row, column)

    with pytest.raises(Unfit, match=f"^The store's field {column} does not take this: "):
        jobs.apply(suggestion, by=person)

    suggestion.refresh_from_db()
    row.refresh_from_db()
    assert (suggestion.state, getattr(row, column)) == (Decision.WAITING, before)
    assert not LogEntry.objects.exists()


def test_a_unique_column_refuses_what_another_row_has(bind):
    bind("sku")
    product(sku="Bowl of oak")
    _, suggestion = drafted()

    with pytest.raises(Unfit, match=r"^The store's database does not take this: "):
        jobs.apply(suggestion, by=None)

    suggestion.refresh_from_db()
    assert suggestion.state == Decision.WAITING
    assert jobs.apply(suggestion, by=None, values={"seo_title": "Bowl"}).state == Decision.APPLIED


def test_a_store_that_refuses_says_why(monkeypatch):
    def save(self, *args, **kwargs):
        raise ValidationError({"meta_title": ["Not in this store."]})

    row, suggestion = drafted()
    monkeypatch.setattr(type(row), "save", save)

    with pytest.raises(Unfit, match=r"^Not in this store\.$"):
        jobs.apply(suggestion, by=None)


def test_a_store_that_refuses_the_text_before_keeps_the_present_one(monkeypatch):
    def save(self, *args, **kwargs):
        raise ValidationError("Not in this store.")

    row, suggestion = drafted()
    suggestion = jobs.apply(suggestion, by=None)
    monkeypatch.setattr(type(row), "save", save)

    with pytest.raises(Unfit):
        jobs.revert(suggestion, by=None)

    suggestion.refresh_from_db()
    assert (suggestion.state, title_of(row)) == (Decision.APPLIED, "Bowl of oak")


# -- regenerate and signals --------------------------------------------------------------------


def test_regenerate_puts_it_aside_and_asks_again(person):
    _, suggestion = drafted()

    job = jobs.regenerate(suggestion, by=person)

    suggestion.refresh_from_db()
    assert (suggestion.state, job.retry_of, job.owner) == (Decision.DISMISSED, suggestion.job, person)
    assert job.state == State.QUEUED


def test_regenerate_goes_before_bulk_work_whatever_the_text_came_from():
    _, suggestion = drafted()
    Job.objects.update(lane=Lane.BULK)

    assert jobs.regenerate(Suggestion.objects.get(pk=suggestion.pk)).lane == Lane.INTERACTIVE


def test_regenerate_of_an_applied_text_leaves_it_applied():
    row, suggestion = drafted()
    suggestion = jobs.apply(suggestion, by=None)

    jobs.regenerate(suggestion)

    suggestion.refresh_from_db()
    assert (suggestion.state, title_of(row)) == (Decision.APPLIED, "Bowl of oak")


def test_regenerate_of_a_row_that_is_gone_dismisses_nothing():
    row, suggestion = drafted()
    row.delete()

    with pytest.raises(Refused, match="no longer there"):
        jobs.regenerate(suggestion)

    suggestion.refresh_from_db()
    assert suggestion.state == Decision.WAITING
    assert not Job.objects.filter(state=State.QUEUED).exists()


def test_decisions_are_announced_after_commit(django_capture_on_commit_callbacks, person):
    heard = []
    listener = lambda suggestion, by, **_: heard.append((suggestion.state, by))  # noqa: E731
    for signal in (signals.suggestion_applied, signals.suggestion_dismissed):
        signal.connect(listener)
    _, suggestion = drafted()
    _, other = drafted()

    with django_capture_on_commit_callbacks(execute=True):
        jobs.apply(suggestion, by=person)
        jobs.dismiss(other, by=person)

    assert heard == [(Decision.APPLIED, person), (Decision.DISMISSED, person)]
