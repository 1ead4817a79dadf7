"""Comparing and deciding."""

from __future__ import annotations

import pytest

from shop_ai.models import Suggestion
from tests.api.store import SUGGESTIONS, product, suggestion

pytestmark = pytest.mark.django_db


@pytest.fixture
def text(row):
    return suggestion(row)


def send(api, text, verb, **body):
    return api.post(f"{SUGGESTIONS}{text.pk}/{verb}/", body, format="json")


def test_apply_writes_the_row_and_revert_puts_it_back(api, editor, text, row):
    applied = send(api, text, "apply")

    row.refresh_from_db()
    assert applied.status_code == 200 and applied.json()["state"] == "applied"
    assert row.long_text == text.after["description"]
    assert Suggestion.objects.get().decided_by == editor

    assert send(api, text, "revert").json()["state"] == "reverted"
    row.refresh_from_db()
    assert row.long_text == ""


def test_apply_takes_a_persons_wording_without_its_markup(api, text, row):
    send(api, text, "apply", values={"description": "Steel.<script>alert(1)</script>"})

    row.refresh_from_db()
    assert row.long_text.startswith("Steel.") and "<script" not in row.long_text


def test_edit_changes_the_waiting_text_alone(api, text, row):
    answer = send(api, text, "edit", values={"description": "A kettle of steel."}).json()

    row.refresh_from_db()
    assert answer["after"] == {"description": "A kettle of steel."} and answer["edited"]
    assert answer["state"] == "waiting" and row.long_text == ""


def test_dismiss_leaves_the_row(api, text, row):
    assert send(api, text, "dismiss").json()["state"] == "dismissed"

    row.refresh_from_db()
    assert row.long_text == ""


def test_a_persons_edit_is_a_conflict_until_it_was_seen(api, text, row):
    row.long_text = "Written by hand."
    row.save()

    refused = send(api, text, "apply")
    seen = api.get(f"{SUGGESTIONS}{text.pk}/").json()["seen"]
    accepted = send(api, text, "apply", seen=seen)

    assert refused.status_code == 409
    assert set(refused.json()) == {"type", "title", "detail", "code"}
    assert refused.json()["code"] == "conflict"
    assert accepted.status_code == 200
    assert accepted.json()["before"] == {"description": "Written by hand."}


def test_changed_facts_are_outdated_until_accepted(api, text, row):
    row.title = "Teapot"
    row.save()

    assert send(api, text, "apply").json()["code"] == "outdated"
    assert send(api, text, "apply", accept_stale=True).status_code == 200


def test_edit_after_applying_is_not_reverted(api, text, row):
    send(api, text, "apply")
    row.refresh_from_db()
    row.long_text += " And by hand."
    row.save()

    assert send(api, text, "revert").json()["code"] == "conflict"


def test_decided_is_decided(api, text):
    send(api, text, "dismiss")

    for verb in ("apply", "dismiss", "revert"):
        assert send(api, text, verb).json()["code"] == "refused"


@pytest.mark.parametrize(
    ("verb", "body", "where"),
    [
        ("apply", {"values": {"price": "1"}}, "values"),
        ("apply", {"values": {"description": {"a": 1}}}, "values"),
        ("apply", {"values": {"description": None}}, "values"),
        ("apply", {"values": "text"}, "values"),
        ("apply", {"seen": "x" * 65}, "seen"),
        ("apply", {"accept_stale": "maybe"}, "accept_stale"),
        ("apply", {"state": "applied"}, "state"),
        ("edit", {}, "values"),
        ("edit", {"values": {}}, "values"),
        ("edit", {"values": {"description": "x"}, "decided_by": 1}, "decided_by"),
        ("dismiss", {"state": "applied"}, "state"),
        ("revert", {"before": {}}, "before"),
    ],
)
def test_mistakes_are_named(api, text, row, verb, body, where):
    answer = send(api, text, verb, **body)

    row.refresh_from_db()
    assert answer.status_code == 400 and where in answer.json()
    assert row.long_text == "" and Suggestion.objects.get().state == "waiting"


def test_value_that_the_stores_own_model_refuses(api, text, row, monkeypatch):
    from django.core.exceptions import ValidationError

    def save(self, *args, **kwargs):
        raise ValidationError("Not in this store.")

    monkeypatch.setattr(type(row), "save", save)

    answer = send(api, text, "apply")

    assert answer.status_code == 400 and answer.json() == {"values": ["Not in this store."]}


def test_lists_are_narrowed(api, text):
    other = suggestion(product(2))
    send(api, other, "dismiss")

    def ids(**query):
        return [one["id"] for one in api.get(SUGGESTIONS, query).json()["results"]]

    assert ids() == [str(other.pk), str(text.pk)]
    assert ids(state="waiting") == [str(text.pk)]
    assert ids(target=f"product:{other.target_id}") == [str(other.pk)]
    assert ids(skill="describe_product", stale="false") == [str(other.pk), str(text.pk)]
    assert ids(stale="true") == ids(skill="other") == []
