"""A short string that matches a simple regular expression. Pure; knows no look-around."""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import _constants as c  # type: ignore[attr-defined]  # the standard library's own parser:
from re import _parser as parser  # type: ignore[attr-defined]  # any other would read another dialect
from typing import Any

_CLASSES = {c.CATEGORY_DIGIT: "0", c.CATEGORY_SPACE: " ", c.CATEGORY_WORD: "a"}


def matching(pattern: str, text: str) -> str:
    """The text itself where the pattern allows it, else a short string that it allows."""
    try:
        fits = re.search(pattern, text)
    except re.error as error:
        raise ValueError(f"No example for the pattern {pattern!r}.") from error
    return text if fits else shortest(pattern)


def shortest(pattern: str) -> str:
    """A string matched by the pattern; raises `ValueError` where the pattern is too clever."""
    try:
        text = _sequence(parser.parse(pattern), {})
    except (re.error, KeyError) as error:
        raise ValueError(f"No example for the pattern {pattern!r}.") from error
    if not re.search(pattern, text):
        raise ValueError(f"No example for the pattern {pattern!r}.")
    return text


def _sequence(tokens: Iterable[tuple[Any, Any]], groups: dict[int, str]) -> str:
    return "".join(_one(kind, value, groups) for kind, value in tokens)


def _one(kind: Any, value: Any, groups: dict[int, str]) -> str:
    if kind is c.LITERAL:
        return chr(value)
    if kind in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
        least, _, inner = value
        return _sequence(inner, groups) * int(least)
    if kind is c.SUBPATTERN:
        text = groups[value[0]] = _sequence(value[3], groups)
        return text
    if kind is c.BRANCH:
        return min((_sequence(branch, groups) for branch in value[1]), key=len)
    if kind is c.GROUPREF:
        return groups[value]
    return _character(kind, value)


def _character(kind: Any, value: Any) -> str:
    if kind is c.IN:
        return next(char for char in "aA0- _" + _members(value) if re.match(_written(value), char))
    if kind is c.ANY:
        return "a"
    if kind is c.NOT_LITERAL:
        return "b" if chr(value) == "a" else "a"
    if kind is c.AT:
        return ""
    raise KeyError(kind)


def _members(items: Iterable[tuple[Any, Any]]) -> str:
    """One character of each part of a class such as `[a-z_\\d]`, then all of ASCII."""
    first = [
        chr(value if kind is c.LITERAL else value[0]) for kind, value in items if kind in (c.LITERAL, c.RANGE)
    ]
    first += [_CLASSES[value] for kind, value in items if kind is c.CATEGORY and value in _CLASSES]
    return "".join(first) + "".join(map(chr, range(32, 127)))


def _written(items: Iterable[tuple[Any, Any]]) -> str:
    """The class written as a regular expression again."""
    names = {
        c.CATEGORY_DIGIT: r"\d",
        c.CATEGORY_NOT_DIGIT: r"\D",
        c.CATEGORY_SPACE: r"\s",
        c.CATEGORY_NOT_SPACE: r"\S",
        c.CATEGORY_WORD: r"\w",
        c.CATEGORY_NOT_WORD: r"\W",
    }
    parts = []
    for kind, value in items:
        if kind is c.NEGATE:
            parts.append("^")
        elif kind is c.LITERAL:
            parts.append(re.escape(chr(value)))
        elif kind is c.RANGE:
            parts.append(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
        else:
            parts.append(names[value])
    return f"[{''.join(parts)}]"
