"""A row as its role sees it, read when asked, and the fingerprint of what was asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

SOURCE = "source"
"""Beside the role's fields: the same row in its own language, for those who translate."""
Names = dict[str, "Names"]
"""Dotted names as a tree: {"product": {"name": {}}}."""


class Values(Mapping[str, Any]):
    """Role field → value, read on first access.

    Remembers which fields were read (`seen`, dotted where they lie in a nested row), so that the
    fingerprint of an input covers exactly what the prompt used.
    """

    def __init__(self, names: Iterable[str], read: Callable[[str], Any], *, identity: str = "") -> None:
        self._names = tuple(names)
        self._read = read
        self._cache: dict[str, Any] = {}
        self._prefix = ""
        self.identity = identity
        """Which row this is; all that a fingerprint takes of a nested row no field of which was read."""
        self.seen: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        if name not in self._names and name != SOURCE:
            raise KeyError(name)
        if name not in self._cache:
            self._cache[name] = self._adopt(name, self._read(name))
        self.seen.add(self._prefix + name)
        return self._cache[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    # A Mapping compares all its items: here that would read every field, and nested rows in circles.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<Values of {self.identity or 'a row'}>"

    def _adopt(self, name: str, value: Any) -> Any:
        """Nested rows report to us what is read of them."""
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Values):
                item.seen, item._prefix = self.seen, f"{self._prefix}{name}."
        return value


def fingerprint(values: Mapping[str, Any], names: Iterable[str], *extra: Any) -> str:
    """sha256 of the canonical JSON of these fields and whatever else decides the result."""
    tree: Names = {}
    for name in names:
        branch = tree
        for part in name.split("."):
            branch = branch.setdefault(part, {})
    text = _dump([{name: _resolve(values.get(name), below) for name, below in tree.items()}, list(extra)])
    return hashlib.sha256(text.encode()).hexdigest()


def _resolve(value: Any, below: Names) -> Any:
    """What the fingerprint takes of a value: of nested rows which they are and the fields named below.

    Nested rows are a set: a database may return them in another order without any change.
    """
    if isinstance(value, Values):
        return [value.identity, {name: _resolve(value.get(name), more) for name, more in below.items()}]
    if isinstance(value, list) and any(isinstance(item, Values) for item in value):
        return sorted((_resolve(item, below) for item in value), key=_dump)
    return value


def _dump(value: Any) -> str:
    return json.dumps(canonical(value), sort_keys=True, ensure_ascii=False)


def canonical(value: Any) -> Any:
    """The same value as plain JSON, equal for equal facts."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Values):
        return value.identity
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return str(value)
