from __future__ import annotations

import pytest
from django.db import connections

GOOD = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}


@pytest.fixture
def sqlite(monkeypatch):
    """Sets the OPTIONS of the default database, which is SQLite for the check at least."""

    def set_options(options):
        monkeypatch.setattr(connections["default"], "vendor", "sqlite")
        monkeypatch.setitem(connections["default"].settings_dict, "OPTIONS", options)

    return set_options


@pytest.mark.parametrize(
    "options", [{}, {**GOOD, "timeout": 5}, {**GOOD, "transaction_mode": None}, {**GOOD, "init_command": ""}]
)
def test_W040_sqlite_prints_the_options_to_paste(store, sqlite, options):
    sqlite(options)

    assert store.message() == (
        "W040",
        "With these OPTIONS of DATABASES['default'], SQLite locks out the admin or the worker.",
        f'Put into settings.DATABASES["default"]: "OPTIONS": {GOOD!r}',
    )


def test_W040_is_silent_with_these_options_and_on_other_databases(store, sqlite, monkeypatch):
    sqlite({**GOOD, "transaction_mode": "immediate", "timeout": 30})
    assert store.messages() == []

    sqlite({})
    monkeypatch.setattr(connections["default"], "vendor", "postgresql")
    assert store.messages() == []


def test_W041_filesystem_broker_outside_development(store):
    store.settings.DEBUG = False
    store.settings.CELERY_BROKER_URL = "filesystem://"

    assert store.message() == (
        "W041",
        "CELERY_BROKER_URL is the filesystem broker while DEBUG is False.",
        'Use a broker for production: CELERY_BROKER_URL = "redis://localhost:6379/0".',
    )


def test_W041_is_silent_in_development(store):
    store.settings.DEBUG = True
    store.settings.CELERY_BROKER_URL = "filesystem://"

    assert store.messages() == []


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("CELERY_TASK_SERIALIZER", "pickle", '"json"'),
        ("CELERY_ACCEPT_CONTENT", ["json", "pickle"], '["json"]'),
    ],
)
def test_W042_celery_without_json(store, name, value, wanted):
    setattr(store.settings, name, value)

    assert store.message() == (
        "W042",
        f"{name} is {value!r}; our messages are JSON.",
        f"Set {name} = {wanted}.",
    )


def test_E043_eager_celery(store):
    store.settings.CELERY_TASK_ALWAYS_EAGER = True

    assert store.message() == (
        "E043",
        "CELERY_TASK_ALWAYS_EAGER is True: the language model would run in the web process.",
        "Take CELERY_TASK_ALWAYS_EAGER out; tests use shop_ai.testing instead.",
    )


@pytest.mark.parametrize(
    "url",
    ["", "localhost:6379", "http://localhost", "redis://", "redis://:secret@", "unix://", "redis://[::1"],
)
def test_E044_stream_url_that_is_no_redis(store, url):
    assert store.set(STREAM_URL=url).message() == (
        "E044",
        "SHOP_AI['STREAM_URL'] is no address of a Redis.",
        'Write one such as "redis://localhost:6379/1", or None for the database.',
    )


@pytest.mark.parametrize("url", [None, "redis://:pw@host:1/2", "rediss://host", "unix:///run/redis.sock"])
def test_E044_is_silent_for_an_address(store, url):
    assert store.set(STREAM_URL=url).messages() == []
