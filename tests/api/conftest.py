"""Clients by what they may do."""

from __future__ import annotations

import pytest

from tests.api.store import ALL, ROW, client, person, product


@pytest.fixture
def row(db):
    return product()


@pytest.fixture
def editor(db):
    """Somebody who may do everything here."""
    return person("editor", *ALL, *ROW)


@pytest.fixture
def api(editor):
    return client(editor)
