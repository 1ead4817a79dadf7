from __future__ import annotations

import pytest

from shop_ai.checks import limits


def test_a_store_without_a_mistake_has_no_message(store):
    assert store.messages() == []


def test_E001_wrong_type_names_the_place_and_the_type(store):
    assert store.set(LANGUAGES="en").message() == (
        "E001",
        "SHOP_AI['LANGUAGES'] must be a list of strings, not str.",
        "Write a list of strings there; docs/settings.md has the meaning of each key.",
    )


def test_E002_unknown_key_names_the_nearest(store):
    assert store.set(SKILS=[]).message() == (
        "E002",
        "SHOP_AI has an unknown key 'SKILS'.",
        "Did you mean 'SKILLS'?",
    )


def test_E003_missing_key_says_what_it_is_for(store):
    store.field("name", {"LIMIT": 3})

    assert store.message() == (
        "E003",
        "SHOP_AI['ROLES']['product']['FIELDS']['name'] lacks the key 'READ'.",
        "Add it: Path of the value: attribute, `__` chain, method, or dotted name of a function.",
    )


def test_W032_unknown_language_names_the_nearest(store):
    assert store.set(LANGUAGES=["en", "zh_hans"]).message() == (
        "W032",
        "SHOP_AI['LANGUAGES'] has 'zh_hans', which Django does not know.",
        "Did you mean 'zh-hans'?",
    )


@pytest.mark.parametrize(
    ("key", "value", "text", "hint"),
    [
        ("SWEEP_EVERY", 0, "SHOP_AI['SWEEP_EVERY'] is 0.", "Set it to more than 0."),
        ("GRACE", -1, "SHOP_AI['GRACE'] is -1.", "Set it to 0 or more."),
        ("STREAM_EXPIRES", 0.0, "SHOP_AI['STREAM_EXPIRES'] is 0.", "Set it to more than 0."),
        ("DEADLINE", 0.0, "SHOP_AI['DEADLINE'] is 0.", "Set it to more than 0."),
    ],
)
def test_E033_number_out_of_range(store, key, value, text, hint):
    assert store.set(**{key: value}).message() == ("E033", text, hint)


def test_E033_limit_out_of_range(store):
    store.field("reviews", {"READ": "opinions", "LIMIT": 0})

    assert store.message() == (
        "E033",
        "SHOP_AI['ROLES']['product']['FIELDS']['reviews']['LIMIT'] is 0.",
        "Set it to 1 or more.",
    )


def test_E034_old_package_names_the_command(store, monkeypatch):
    monkeypatch.setattr(limits, "FLOORS", {"torch": "99.1", "no-such-package": "1"})

    number, text, hint = store.message()

    assert number == "E034"
    assert text.startswith("torch ") and text.endswith("shop_ai needs 99.1 or newer.")
    assert hint == "Run: pip install -U 'torch>=99.1'"


def test_E035_stall_shorter_than_lease(store):
    assert store.set(LEASE=30, STALL=10).message() == (
        "E035",
        "SHOP_AI['STALL'] (10) is shorter than SHOP_AI['LEASE'] (30).",
        'Set "STALL" to 30 or more.',
    )


def test_W036_short_lease(store):
    assert store.set(LEASE=2).message() == (
        "W036",
        "SHOP_AI['LEASE'] is 2 seconds: a short pause of the worker costs its jobs.",
        'Set "LEASE" to 5 or more; 30 suits most stores.',
    )


def test_E037_no_language(store):
    assert store.set(LANGUAGES=[]).message() == (
        "E037",
        "SHOP_AI['LANGUAGES'] is empty.",
        'Name one at least, such as ["en"].',
    )
