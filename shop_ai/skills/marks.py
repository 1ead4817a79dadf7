"""The border of trust in a prompt: template text is ours, every value is not.

A value prints between two private-use characters; the rendered text is split at them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shop_ai.lm.base import Segment
from shop_ai.safety.text import clean

OPEN, CLOSE = "\ue000", "\ue001"


class Quoted:
    """A value inside a template: compares, counts and iterates as itself, prints between marks."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value: Any = value.value if isinstance(value, Quoted) else value

    def __str__(self) -> str:
        if isinstance(self.value, list | tuple):
            return ", ".join(str(item) for item in self)
        return "" if self.value is None else f"{OPEN}{clean(str(self.value))}{CLOSE}"

    def __bool__(self) -> bool:
        return bool(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Quoted]:
        return (Quoted(item) for item in self.value or ())

    def __contains__(self, item: Any) -> bool:
        return _bare(item) in self.value

    def __getitem__(self, key: Any) -> Quoted:
        if not isinstance(self.value, Mapping | list | tuple):
            raise KeyError(key)
        return Quoted(self.value[key])

    def items(self) -> list[tuple[Quoted, Quoted]]:
        return [(Quoted(key), Quoted(value)) for key, value in self.value.items()]

    def __eq__(self, other: object) -> bool:
        return bool(self.value == _bare(other))

    def __hash__(self) -> int:
        return hash(self.value)

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < _bare(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > _bare(other))


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, Quoted) else value


def split(rendered: str) -> tuple[Segment, ...]:
    """Segments of a rendered template. A lost closing mark leaves the rest untrusted, never trusted."""
    segments: list[Segment] = []
    depth, start = 0, 0
    for index, character in enumerate(rendered):
        if character not in (OPEN, CLOSE):
            continue
        _add(segments, rendered[start:index], trusted=depth == 0)
        depth = depth + 1 if character == OPEN else max(0, depth - 1)
        start = index + 1
    _add(segments, rendered[start:], trusted=depth == 0)
    return tuple(segments)


def _add(segments: list[Segment], text: str, *, trusted: bool) -> None:
    if text:
        segments.append(Segment(text=text, trusted=trusted))
