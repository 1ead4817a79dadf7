"""The awkward store, changed in one place, and what the checks say to it."""

from __future__ import annotations

import pytest

from shop_ai.checks import check_settings


class Store:
    """Settings that pass every check until a test breaks them."""

    def __init__(self, settings):
        self.settings = settings
        self.data = settings.SHOP_AI

    def role(self, role="product", **keys):
        """Change keys of one role."""
        self.data["ROLES"].setdefault(role, {}).update(keys)
        return self

    def field(self, name, value, role="product"):
        """Bind one field otherwise."""
        self.data["ROLES"][role]["FIELDS"][name] = value
        return self

    def set(self, **keys):
        self.data.update(keys)
        return self

    def messages(self) -> list[tuple[str, str, str]]:
        """(id, sentence, hint) of all that is wrong now."""
        self.settings.SHOP_AI = self.data
        return [(found.id.removeprefix("shop_ai."), found.msg, found.hint) for found in check_settings()]

    def message(self) -> tuple[str, str, str]:
        """The one thing that is wrong now."""
        (found,) = self.messages()
        return found


@pytest.fixture
def store(awkward) -> Store:
    """A store without a mistake. No `db` fixture: pytest-django refuses every query of a check."""
    return Store(awkward)
