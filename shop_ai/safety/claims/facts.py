"""Facts in whatever form they come, as a flat list; which of them say yes and which say no."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from shop_ai.safety.claims.claim import Fact
from shop_ai.safety.claims.wordlists import table

MOST_FACTS = 400
MOST_CHARACTERS = 4000
"""Of one value; a longer one is read that far."""
NAMES = frozenset({"name", "title", "product name", "名称", "品名", "书名", "标题", "商品名称"})
BRANDS = frozenset({"brand", "maker", "manufacturer", "品牌"})


def flat(facts: Mapping[str, Any]) -> list[Fact]:
    """The facts, nested or listed, true or false; `Taped seams; two pockets` are two."""
    return list(_flat(facts, ""))[:MOST_FACTS]


def _flat(value: Any, key: str) -> Iterator[Fact]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, str(name).strip())
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _flat(inner, key)
    elif value is not None and str(value).strip():
        words = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        yield from (Fact(key=key, value=part) for part in _parts(words[:MOST_CHARACTERS]))


def _parts(value: str) -> list[str]:
    parts = [part.strip() for part in re.split(r"[;；\n]|\.\s+(?=[A-Z])|。", value)]
    return [part for part in parts if part] or [value]


@lru_cache(maxsize=1)
def _denials() -> re.Pattern[str]:
    words = sorted(table("negation")["values"], key=len, reverse=True)
    listed = "|".join(map(re.escape, words))
    return re.compile(rf"\s*(?:(?:{listed})\s*(?:[,;.，；。].*)?|not\b.*|0+(?:\.0+)?\s*%?)", re.I | re.S)


def denies(value: str) -> bool:
    """Whether a value says no to its name: no, none, 不支持."""
    return bool(_denials().fullmatch(value))


def affirms(value: str) -> bool:
    """Whether a value says yes to its name: yes, included, 支持."""
    return value.strip().lower().rstrip(".。") in table("negation")["yes"]


def asks(key: str) -> set[str]:
    """The name of a yes-or-no fact, and without what only asks: "Tools included"."""
    asking = r"\s*\b(?:included|available|supported|suitable|possible|function|safe parts)$"
    return {key.lower(), re.sub(asking, "", key.lower())} - {""}
