"""Attributes in whatever form a store keeps them → name and value in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Pair = tuple[Any, Any]


def as_facts(value: Any, pair: Callable[[Any], Pair]) -> dict[str, str]:
    """Facts from a dictionary, pairs, a JSON text, lines of `name: value`, or rows (by `pair`).

    Empty values are left out; of a repeated name the values are joined.
    """
    facts: dict[str, str] = {}
    for name, content in _pairs(value, pair):
        label, words = _words(name), _words(content)
        if label and words:
            facts[label] = f"{facts[label]}, {words}" if label in facts else words
    return facts


def _pairs(value: Any, pair: Callable[[Any], Pair]) -> Iterable[Pair]:
    if isinstance(value, str):
        return _from_text(value, pair)
    if isinstance(value, Mapping):
        return value.items()
    if isinstance(value, Iterable):
        return [_pair_of(item, pair) for item in value]
    return ()


def _from_text(text: str, pair: Callable[[Any], Pair]) -> Iterable[Pair]:
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict | list):
        return _pairs(parsed, pair)
    return [_from_line(line) for line in text.splitlines()]


def _from_line(line: str) -> Pair:
    """`Material: oak`; a line without a colon is true as it stands, such as "Dishwasher safe"."""
    name, colon, content = line.strip(" \t-*•").replace("：", ":", 1).partition(":")
    return (name, content) if colon else (name, True)


def _pair_of(item: Any, pair: Callable[[Any], Pair]) -> Pair:
    if isinstance(item, list | tuple) and len(item) == 2:
        return item[0], item[1]
    return _from_line(item) if isinstance(item, str) else pair(item)


def _words(value: Any) -> str:
    if value is None or value is False:
        return "no" if value is False else ""
    if value is True:
        return "yes"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_words(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_words(item) for item in value)
    if isinstance(value, set | frozenset):
        return ", ".join(sorted(map(_words, value)))
    return str(value).strip()
