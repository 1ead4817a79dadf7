"""Reads the TOML files of this folder."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

FOLDER = Path(__file__).parent
TODAY = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""The day on which the seeded store stands still: nothing in it is younger."""


@cache
def load(name: str) -> dict[str, Any]:
    """Return the content of one file; callers leave it as it is."""
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


def load_shelves() -> list[dict[str, Any]]:
    """Return the files of products, one for each category."""
    return [load(f"products/{path.name}") for path in sorted((FOLDER / "products").glob("*.toml"))]


def dice(*names: str) -> Random:
    """Return dice that fall the same way each time for the same names."""
    return Random("/".join(names))  # noqa: S311 - chance for texts, not for secrets
