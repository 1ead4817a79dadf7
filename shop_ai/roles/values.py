"""A row as its role sees it, read when asked, and the fingerprint of what was asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any


class Values(Mapping[str, Any]):
    """Role field → value, read on first access.

    Remembers which fields were read (`seen`, dotted where they lie in a nested row), so that the
    fingerprint of an input covers exactly what the prompt used.
    """

    def __init__(
        self,
        names: Iterable[str],
        read: Callable[[str], Any],
        *,
        seen: set[str] | None = None,
        prefix: str = "",
    ) -> None:
        self._names = tuple(names)
        self._read = read
        self._cache: dict[str, Any] = {}
        self._prefix = prefix
        self.seen: set[str] = set() if seen is None else seen

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._cache:
            self._cache[name] = self._adopt(name, self._read(name))
        if not _is_nested(self._cache[name]):
            self.seen.add(self._prefix + name)
        return self._cache[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _adopt(self, name: str, value: Any) -> Any:
        """Nested rows report what is read of them to us."""
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Values):
                item.seen, item._prefix = self.seen, f"{self._prefix}{name}."
        return value


def _is_nested(value: Any) -> bool:
    if isinstance(value, list) and value:
        return isinstance(value[0], Values)
    return isinstance(value, Values)


def fingerprint(values: Mapping[str, Any], names: Iterable[str], *extra: Any) -> str:
    """sha256 of the canonical JSON of these fields and whatever else decides the result."""
    chosen = {name: canonical(_resolve(values, name.split("."))) for name in sorted(names)}
    text = json.dumps([chosen, canonical(list(extra))], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _resolve(value: Any, path: list[str]) -> Any:
    if not path:
        return value
    if isinstance(value, list):
        return [_resolve(item, path) for item in value]
    if not isinstance(value, Mapping):
        return None
    return _resolve(value.get(path[0]), path[1:])


def canonical(value: Any) -> Any:
    """The same value as plain JSON, equal for equal facts."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return str(value)
