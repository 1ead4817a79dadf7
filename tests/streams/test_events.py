"""Ids that readers resume from, and what counts for them."""

from __future__ import annotations

import pytest

from shop_ai.streams import Event, Place
from shop_ai.streams.events import counting


def said(attempt, position, text):
    return position, Event(kind="sentence", attempt=attempt, text=text)


def told(events):
    return [(event.id, event.kind, event.text) for event in events]


def test_an_id_says_where_to_go_on():
    assert Place.of("") == Place(attempt=0, position="")
    assert Place.of("3.17-2") == Place(attempt=3, position="17-2")
    assert (Place.of("3.17-2").number, Place.of("3.17").number, Place.of("").number) == (17, 17, 0)
    assert Place.of("3.end").ended and not Place.of("3.17").ended


@pytest.mark.parametrize(
    "id",
    ["x", "1", "1.", ".1", "1.-1", "1.1-", "-1.1", "1.1\n", " 1.1", "1.1-1-1", "１.1", "1." + "9" * 19, "$"],
)
def test_what_is_no_id_is_refused(id):
    with pytest.raises(ValueError, match="not the id of an event"):
        Place.of(id)


def test_events_get_ids_with_their_attempt():
    found = [said(1, "5", "a"), said(1, "6", "b")]

    assert told(counting(found, Place())) == [("1.5", "sentence", "a"), ("1.6", "sentence", "b")]


def test_an_older_attempt_is_not_heard_any_more():
    found = [said(1, "5", "a"), said(2, "6", "b"), said(1, "7", "stale"), said(2, "8", "c")]

    assert told(counting(found, Place(attempt=2, position="4"))) == [
        ("2.6", "sentence", "b"),
        ("2.8", "sentence", "c"),
    ]


def test_a_newer_attempt_begins_with_a_restart_even_where_that_was_lost():
    restart = "7", Event(kind="restart", attempt=3)

    found = counting([said(1, "5", "a"), said(2, "6", "b"), restart, said(3, "8", "c")], Place())

    assert told(found) == [
        ("1.5", "sentence", "a"),
        ("2.0", "restart", ""),
        ("2.6", "sentence", "b"),
        ("3.7", "restart", ""),
        ("3.8", "sentence", "c"),
    ]
    assert Place.of(found[1].id) == Place(attempt=2, position="0")


def test_who_has_heard_nothing_needs_no_restart():
    assert told(counting([said(4, "1", "a")], Place())) == [("4.1", "sentence", "a")]
