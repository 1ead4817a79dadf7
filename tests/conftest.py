"""Fixtures of the whole suite."""

from __future__ import annotations

import copy

import pytest


@pytest.fixture
def awkward(settings):
    """The awkward store bound instead of the demo store; gives its settings to change and set again."""
    from tests.stores.awkward.settings import SHOP_AI

    settings.SHOP_AI = copy.deepcopy(SHOP_AI)
    return settings
