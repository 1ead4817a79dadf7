"""Cases: what a skill would read of a row, and what is expected of its answer. One JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from shop_ai.conf import config
from shop_ai.exceptions import ShopAIError
from shop_ai.safety.language import primary


class CasesError(ShopAIError):
    """The file of cases cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    values: Mapping[str, Any]
    """As the skill would read them of a row, by role field."""
    language: str
    """One of the store's languages where it writes this one, else as the case names it."""
    expect: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that is no case."""

    line: int
    reason: str


def read(path: Path, limit: int | None = None) -> Iterator[Case | Broken]:
    """The first `limit` lines of the file; raises `CasesError` when it cannot be opened."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(islice((line for line in lines if line.strip()), limit), 1):
                yield _case(number, line)
    except (OSError, UnicodeDecodeError) as error:
        raise CasesError(f"{path} cannot be read: {error}") from error


def _case(number: int, line: str) -> Case | Broken:
    try:
        found = json.loads(line)
    except ValueError as error:
        return Broken(number, f"no JSON: {error}")
    if not isinstance(found, dict) or not isinstance(found.get("values"), dict):
        return Broken(number, 'no object with "values"')
    expect = found.get("expect")
    return Case(
        id=str(found.get("id", number)),
        values=found["values"],
        language=language_of(str(found.get("language") or "")),
        expect=expect if isinstance(expect, dict) else {},
    )


def language_of(told: str) -> str:
    """The store's own name for a language: "zh-hans" for "zh". Nothing told is its first one."""
    known = config().LANGUAGES
    if not told:
        return known[0]
    same = (language for language in known if primary(language) == primary(told))
    return told if told in known else next(same, told)
