"""A seeded store."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command


@pytest.fixture
def store(db: None, settings) -> None:
    """Fill the database with the demo rows; with a quick hash, since nobody guards these passwords."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("seed_store", stdout=StringIO())
