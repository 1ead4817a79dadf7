"""The database and Celery, as far as settings tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage
from django.db import connections

from shop_ai.checks.context import Context, our_database
from shop_ai.checks.messages import message

SQLITE_OPTIONS: Mapping[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
JSON = {"json", "application/json"}
REDIS = ("redis", "rediss", "unix")


def check(context: Context) -> Iterator[CheckMessage]:
    """Nothing here opens a connection."""
    yield from _sqlite()
    yield from _celery()
    yield from _stream(context.config.STREAM_URL)


def _sqlite() -> Iterator[CheckMessage]:
    alias = our_database()
    if connections[alias].vendor != "sqlite":
        return
    options = connections[alias].settings_dict.get("OPTIONS", {})
    immediate = str(options.get("transaction_mode", "")).upper() in ("IMMEDIATE", "EXCLUSIVE")
    patient = (options.get("timeout") or 0) >= SQLITE_OPTIONS["timeout"]
    command = str(options.get("init_command", "")).replace(" ", "").lower()
    if not (immediate and patient and "journal_mode=wal" in command):
        text = f"With these OPTIONS of DATABASES[{alias!r}], SQLite locks out the admin or the worker."
        hint = f'Put into settings.DATABASES["{alias}"]: "OPTIONS": {dict(SQLITE_OPTIONS)!r}'
        yield message("W040", text, hint)


def _celery() -> Iterator[CheckMessage]:
    broker = getattr(settings, "CELERY_BROKER_URL", None) or ""
    if broker.startswith("filesystem:") and not settings.DEBUG:
        text = "CELERY_BROKER_URL is the filesystem broker while DEBUG is False."
        yield message(
            "W041", text, 'Use a broker for production: CELERY_BROKER_URL = "redis://localhost:6379/0".'
        )
    for name in ("CELERY_TASK_SERIALIZER", "CELERY_ACCEPT_CONTENT"):
        value = getattr(settings, name, "json")
        spoken = {value} if isinstance(value, str) else set(value or JSON)
        if not spoken <= JSON:
            wanted = '"json"' if name == "CELERY_TASK_SERIALIZER" else '["json"]'
            yield message("W042", f"{name} is {value!r}; our messages are JSON.", f"Set {name} = {wanted}.")
    if getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False):
        text = "CELERY_TASK_ALWAYS_EAGER is True: the language model would run in the web process."
        yield message("E043", text, "Take CELERY_TASK_ALWAYS_EAGER out; tests use shop_ai.testing instead.")


def _stream(url: str | None) -> Iterator[CheckMessage]:
    """Without repeating the address: it may hold a password."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        usable = parts.path if parts.scheme == "unix" else parts.hostname and parts.port != 0
    except ValueError:
        parts, usable = None, None
    if parts is None or parts.scheme not in REDIS or not usable:
        text = "SHOP_AI['STREAM_URL'] is no address of a Redis."
        yield message("E044", text, 'Write one such as "redis://localhost:6379/1", or None for the database.')
