from __future__ import annotations

from dataclasses import fields

import pytest

from shop_ai.checks import check_settings, limits
from shop_ai.conf import Config


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


@pytest.mark.parametrize(
    ("code", "near"),
    [
        ("zh_hans", "zh-hans"),
        ("zh_CN", "zh-hans"),
        ("zh", "zh-hans"),
        ("chinese", "zh-hans"),
        ("english", "en"),
        ("English", "en"),
        ("en_US", "en"),
        ("pt_BR", "pt-br"),
        ("Deutsch", "de"),
        ("germn", "de"),
        ("zh-hnas", "zh-hans"),
    ],
)
def test_W032_unknown_language_names_the_nearest(store, code, near):
    assert store.set(LANGUAGES=["en", code]).message() == (
        "W032",
        f"SHOP_AI['LANGUAGES'] has {code!r}, which Django does not know.",
        f"Did you mean {near!r}?",
    )


@pytest.mark.parametrize("code", ["qqqq", "cn"])
def test_W032_language_like_no_other(store, code):
    _, _, hint = store.set(LANGUAGES=[code]).message()

    assert hint == 'Write a code such as "en", "de" or "zh-hans"; django.conf.locale.LANG_INFO has them all.'


@pytest.mark.parametrize(
    ("key", "value", "text", "hint"),
    [
        ("SWEEP_EVERY", 0, "SHOP_AI['SWEEP_EVERY'] is 0.", "Set it to more than 0."),
        ("GRACE", -1, "SHOP_AI['GRACE'] is -1.", "Set it to 0 or more."),
        ("STREAM_EXPIRES", 0.0, "SHOP_AI['STREAM_EXPIRES'] is 0.", "Set it to more than 0."),
        ("DEADLINE", 0.0, "SHOP_AI['DEADLINE'] is 0.", "Set it to more than 0."),
        ("DEADLINE", 1e12, "SHOP_AI['DEADLINE'] is 1e+12.", "Set it to 31536000 or less: a year."),
        (
            "BULK_HEAD_START",
            1e15,
            "SHOP_AI['BULK_HEAD_START'] is 1e+15.",
            "Set it to 31536000 or less: a year.",
        ),
        ("DEBOUNCE", 10**400, "SHOP_AI['DEBOUNCE'] is inf.", "Set it to 86400 or less: a day."),
        ("LEASE", float("nan"), "SHOP_AI['LEASE'] is nan.", "Set it to more than 0."),
        ("LEASE", float("inf"), "SHOP_AI['LEASE'] is inf.", "Set it to 86400 or less: a day."),
        ("LEASE", -30, "SHOP_AI['LEASE'] is -30.", "Set it to more than 0."),
        ("LEASE", 0, "SHOP_AI['LEASE'] is 0.", "Set it to more than 0."),
        ("STALL", float("nan"), "SHOP_AI['STALL'] is nan.", "Set it to more than 0."),
        ("MAX_ATTEMPTS", 10**9, "SHOP_AI['MAX_ATTEMPTS'] is 1000000000.", "Set it to 1000 or less."),
        ("SWEEP_ROWS", 10**30, f"SHOP_AI['SWEEP_ROWS'] is {10**30}.", "Set it to 100000 or less."),
    ],
)
def test_E033_number_out_of_range(store, key, value, text, hint):
    assert store.set(**{key: value}).message() == ("E033", text, hint)


@pytest.mark.parametrize("key", [*limits.ABOVE_ZERO, *limits.NOT_BELOW_ZERO])
def test_E033_looks_at_both_ends_of_every_number(store, key):
    hints = [store.set(**{key: value}).message()[2] for value in (-1, 10**9)]

    assert hints[0] in ("Set it to more than 0.", "Set it to 0 or more.")
    assert " or less" in hints[1]


def test_E033_every_number_has_both_ends():
    numbers = {spec.name for spec in fields(Config) if isinstance(spec.default, int | float)}

    assert {*limits.ABOVE_ZERO, *limits.NOT_BELOW_ZERO} >= {name for name in numbers if name != "ADMIN"}


@pytest.mark.parametrize(
    ("limit", "hint"), [(0, "Set it to 1 or more."), (10**30, "Set it to 100000 or less.")]
)
def test_E033_limit_out_of_range(store, limit, hint):
    store.field("reviews", {"READ": "opinions", "LIMIT": limit})

    assert store.message() == (
        "E033",
        f"SHOP_AI['ROLES']['product']['FIELDS']['reviews']['LIMIT'] is {limit}.",
        hint,
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


def test_W077_no_settings_at_all(without_settings):
    (found,) = check_settings()

    assert (found.id, found.hint) == ("shop_ai.W077", 'Begin with SHOP_AI = {"ROLES": {…}, "SKILLS": […]}.')


def test_W077_names_the_misspelt_dictionary(without_settings):
    without_settings.SHOPAI = {"SKILLS": []}

    (found,) = check_settings()

    assert (found.id, found.hint) == ("shop_ai.W077", "You have a SHOPAI: rename it to SHOP_AI.")
