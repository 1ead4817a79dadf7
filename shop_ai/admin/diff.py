"""What changed between two texts, word by word. Pure: no Django, no HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

Kind = Literal["same", "ins", "del"]

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"\s+|(?:[{_HAN}]|[^\W{_HAN}]+|[^\w\s])\s*")
"""A Han character, a word or a sign, each with the white space after it."""
MOST = 3000
"""Tokens of both texts together beyond which they are shown as a whole: comparing grows with the square."""
ALIKE = 0.2
"""Texts less alike than this read better one after the other than in shreds."""

ISLAND = 3
"""Fewer tokens than this between two changes are no help to a reader."""


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Kind
    text: str


def tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def words(before: str, after: str) -> list[Piece]:
    """The pieces of `after`, with what is gone of `before` standing where it stood."""
    old, new = tokens(before), tokens(after)
    if len(old) + len(new) > MOST:
        return _whole(before, after)
    matcher = SequenceMatcher(
        None, [token.strip() for token in old], [token.strip() for token in new], autojunk=False
    )
    if matcher.ratio() < ALIKE:
        return _whole(before, after)
    return list(_merged(matcher, old, new))


def _merged(matcher: SequenceMatcher[str], old: list[str], new: list[str]) -> Iterator[Piece]:
    for tag, a, b, c, d in _opcodes(matcher):
        if tag == "equal":
            yield Piece("same", "".join(new[c:d]))
            continue
        if b > a:
            yield Piece("del", "".join(old[a:b]))
        if d > c:
            yield Piece("ins", "".join(new[c:d]))


def _opcodes(matcher: SequenceMatcher[str]) -> list[list[Any]]:
    """The steps from one text to the other; a word or two in common join the change around them."""
    found: list[list[Any]] = []
    steps = matcher.get_opcodes()
    for number, (tag, a, b, c, d) in enumerate(steps):
        inside = 0 < number < len(steps) - 1
        kind = "equal" if tag == "equal" and not (inside and b - a < ISLAND) else "change"
        if found and found[-1][0] == kind:
            found[-1][2], found[-1][4] = b, d
        else:
            found.append([kind, a, b, c, d])
    return found


def _whole(before: str, after: str) -> list[Piece]:
    if before == after:
        return [Piece("same", after)]
    both: list[Piece] = [Piece("del", before), Piece("ins", after)]
    return [piece for piece in both if piece.text]
