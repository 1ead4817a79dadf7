"""The one reader of `settings.SHOP_AI`: types, defaults and meanings in one place.

Must not import anything heavy, nor a model: checks.py compares the result with the installed models.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from django.conf import settings
from django.core.signals import setting_changed

from shop_ai.exceptions import ConfigurationError


def _key(default: Any, meaning: str) -> Any:
    """A setting with its default and the sentence that stands in docs/settings."""
    metadata = {"meaning": meaning}
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata=metadata)
    if isinstance(default, Path):
        return field(default_factory=default.expanduser, metadata=metadata)
    return field(default=default, metadata=metadata)


def _required(meaning: str) -> Any:
    return field(metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldConfig:
    """One entry of `FIELDS`; a plain string is short for `{"READ": string}`."""

    READ: str = _required("Path of the value: attribute, `__` chain, method, or dotted name of a function.")
    WRITE: str | None = _key(None, "Dotted name of `f(row, value, language)` that stores a value.")
    UNDO: str | None = _key(None, "Dotted name of `f(row, value, language)` that restores the value before.")
    FILTER: Mapping[str, Any] = _key({}, "Filter on related rows.")
    ORDER: tuple[str, ...] = _key(
        (), "Order of related rows; empty: facts as the store does, others newest first."
    )
    LIMIT: int = _key(50, "How many related rows are read at most.")
    KEY: str = _key("name", "Path of an attribute's name on a related row.")
    VALUE: str = _key("value", "Path of an attribute's value on a related row.")
    FORMAT: str = _key(
        "text", 'How the store keeps written text: "text", "html", "markdown"; "editorjs" is only read.'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleConfig:
    """One entry of `ROLES`."""

    MODEL: str = _required("The store's model, `app_label.Model`.")
    FIELDS: Mapping[str, FieldConfig] = _required("Field of the role → where the store keeps it.")
    FILTER: Mapping[str, Any] = _key(
        {}, "Rows outside this filter are left alone by bulk, sweep and signals."
    )
    PREFETCH: tuple[str, ...] = _key((), "Relations that the paths walk, loaded in one query each.")
    MANAGER: str | None = _key(None, "Manager that finds rows in bulk; the default manager when empty.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LMConfig:
    """The entry `LM`."""

    BACKEND: str = _key("shop_ai.lm.local.LocalBackend", "Dotted name of the Backend class.")
    CHECKPOINT: str = _key("smollm2-135m", "Name of an installed checkpoint (`ai_model list`).")
    OPTIONS: Mapping[str, Any] = _key({}, "Options of the backend, such as device or dtype.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole of `SHOP_AI`."""

    ROLES: Mapping[str, RoleConfig] = _key({}, "What a product, review, ticket, order or article is here.")
    SKILLS: tuple[str, ...] = _key((), "Dotted names of the skills to offer.")
    ON_CREATE: Mapping[str, Mapping[str, Any]] = _key({}, "Skill → condition: runs when a row is created.")
    CONDITIONS: Mapping[str, Mapping[str, Any]] = _key({}, "Skill → filter that a row must meet in bulk.")
    LM: LMConfig = field(default_factory=LMConfig, metadata={"meaning": "Where the language model runs."})
    LANGUAGES: tuple[str, ...] = _key(("en",), "Languages the store writes in; the first is the default.")
    ADMIN: bool = _key(False, "Add the panel and the actions to the store's own admins.")
    ADMIN_SITE: str = _key("django.contrib.admin.site", "Dotted name of the AdminSite to attach to.")
    CHECKPOINTS: Path = _key(Path("~/.cache/shop_ai/checkpoints"), "Folder of the installed checkpoints.")
    ADAPTERS: Path = _key(Path("~/.cache/shop_ai/adapters"), "Folder of the installed LoRA adapters.")
    STALENESS: Mapping[str, str] = _key(
        {}, "Skill → requeue, suggest or ignore when facts changed meanwhile."
    )
    LEASE: float = _key(30.0, "Seconds a worker may hold a job without renewing.")
    STALL: float = _key(60.0, "Seconds without progress of the language model that count as a hang.")
    GRACE: float = _key(20.0, "Seconds to finish what runs when the worker is told to stop.")
    IDLE_LOOK: float = _key(5.0, "Seconds between looks at the table when nothing runs.")
    MAX_ATTEMPTS: int = _key(5, "Attempts that may fail before a job is given up.")
    BACKOFF: float = _key(5.0, "Seconds before the first retry; doubles each time, up to ten minutes.")
    BULK_HEAD_START: float = _key(600.0, "Seconds that interactive work goes before bulk work.")
    DEBOUNCE: float = _key(5.0, "Seconds a job started by a signal waits for further changes.")
    DEADLINE: float | None = _key(None, "Seconds after which interactive work that has not begun expires.")
    SWEEP_EVERY: float = _key(15.0, "Seconds between two sweeps.")
    SWEEP_ROWS: int = _key(1000, "Rows whose facts one sweep reads again.")
    STREAM_URL: str | None = _key(
        None, "Redis that carries answers to readers while they are written; None: the database."
    )
    STREAM_EXPIRES: float = _key(600.0, "Seconds after which what readers were told is deleted.")
    CELERY_QUEUES: str = _key("shop_ai", "Prefix of the Celery queues.")

    @property
    def backend_options(self) -> dict[str, Any]:
        """What the backend is given: its options, and the folders that are keys of their own."""
        folders = {"folder": str(self.CHECKPOINTS), "adapter_folder": str(self.ADAPTERS)}
        return {**folders, **self.LM.OPTIONS}


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in the settings; `checks.py` shows it under the id."""

    id: str
    message: str
    hint: str


def closest(name: str, known: Any) -> str | None:
    """The known name that was most likely meant."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)), None)


def nearest(name: str, known: Any, *, what: str = "") -> str:
    """A hint that names the closest known name, or all of them."""
    near = closest(name, known)
    if near is not None:
        return f"Did you mean {near!r}?"
    return f"Known {what or 'names'}: {', '.join(sorted(known))}."


_WORDS: Mapping[Any, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    Path: "a path",
    LMConfig: "a dictionary",
}


def in_words(kind: Any) -> str:
    """A type of the settings as a person would say it."""
    if get_origin(kind) is tuple:
        return "a list of strings"
    if get_origin(kind) is Mapping:
        return "a dictionary"
    if kind in _WORDS:
        return _WORDS[kind]
    return " or ".join("None" if part is type(None) else in_words(part) for part in get_args(kind))


def is_required(spec: Any) -> bool:
    """Whether a key has no default."""
    return spec.default is MISSING and spec.default_factory is MISSING


class _Reader:
    """Turns the raw dictionary into dataclasses, collecting every mistake on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def build(self, cls: Any, raw: Any, where: str) -> Any:
        if not isinstance(raw, Mapping):
            self._wrong_type(where, "a dictionary", raw)
            return None
        known = {f.name: f for f in fields(cls)}
        for name in raw:
            if name not in known:
                hint = nearest(str(name), known, what="keys")
                self._problem("E002", f"{where} has an unknown key {name!r}.", hint)
        missing = [name for name, spec in known.items() if name not in raw and is_required(spec)]
        for name in missing:
            self._problem(
                "E003", f"{where} lacks the key {name!r}.", f"Add it: {known[name].metadata['meaning']}"
            )
        hints = get_type_hints(cls)
        values = {n: self.convert(hints[n], raw[n], f"{where}[{n!r}]") for n in known if n in raw}
        return None if missing or _BAD in values.values() else cls(**values)

    def convert(self, kind: Any, raw: Any, where: str) -> Any:
        if kind in (RoleConfig, LMConfig):
            return self.build(kind, raw, where) or _BAD
        if kind is FieldConfig:
            return self.build(kind, {"READ": raw} if isinstance(raw, str) else raw, where) or _BAD
        origin = get_origin(kind)
        if origin is tuple:
            return self._tuple(raw, where)
        if origin is Mapping:
            return self._mapping(kind, raw, where)
        return self._scalar(kind, raw, where)

    def _tuple(self, raw: Any, where: str) -> Any:
        if not isinstance(raw, list | tuple) or not all(isinstance(item, str) for item in raw):
            return self._wrong_type(where, "a list of strings", raw)
        return tuple(raw)

    def _mapping(self, kind: Any, raw: Any, where: str) -> Any:
        if not isinstance(raw, Mapping):
            return self._wrong_type(where, "a dictionary", raw)
        for key in raw:
            if not isinstance(key, str):
                return self._wrong_type(f"The key {key!r} of {where}", "a string", key)
        inner = get_args(kind)[1]
        if inner is Any:
            return dict(raw)
        values = {key: self.convert(inner, value, f"{where}[{key!r}]") for key, value in raw.items()}
        return {key: value for key, value in values.items() if value is not _BAD}

    def _scalar(self, kind: Any, raw: Any, where: str) -> Any:
        only = next((k for k in get_args(kind) if k is not type(None)), kind)
        if raw is None and only is not kind:
            return None
        accepted: Any = {float: (int, float), Path: (str, Path)}.get(only, only)
        if not isinstance(raw, accepted) or (isinstance(raw, bool) and only is not bool):
            return self._wrong_type(where, in_words(kind), raw)
        if only is Path:
            return Path(raw).expanduser()
        return _as_float(raw) if only is float else raw

    def _wrong_type(self, where: str, wanted: str, raw: Any) -> Any:
        message = f"{where} must be {wanted}, not {type(raw).__name__}."
        self._problem("E001", message, f"Write {wanted} there; docs/settings.md has the meaning of each key.")
        return _BAD

    def _problem(self, number: str, message: str, hint: str) -> None:
        self.problems.append(Problem(number, message, hint))


_BAD = object()


def _as_float(value: float) -> float:
    """A whole number may be too large for one; then a check finds it out of range."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


@lru_cache(maxsize=1)
def read() -> tuple[Config, tuple[Problem, ...]]:
    """The settings as far as they can be read, and what is wrong with them."""
    reader = _Reader()
    config = reader.build(Config, getattr(settings, "SHOP_AI", {}), "SHOP_AI") or Config()
    return config, tuple(reader.problems)


def is_set() -> bool:
    """Whether the settings have the dictionary at all."""
    return hasattr(settings, "SHOP_AI")


def lookalike() -> str | None:
    """A setting whose name is nearly ours."""
    names = [name for name in dir(settings) if name.isupper() and name != "SHOP_AI"]
    return next(iter(difflib.get_close_matches("SHOP_AI", names, n=1, cutoff=0.8)), None)


def config() -> Config:
    """The settings; raises `ConfigurationError` where `manage.py check` would report one."""
    value, problems = read()
    if problems:
        first = problems[0]
        raise ConfigurationError(f"{first.message} {first.hint}")
    return value


def _reset(*, setting: str, **kwargs: Any) -> None:
    if setting == "SHOP_AI":
        read.cache_clear()


setting_changed.connect(_reset, dispatch_uid="shop_ai.conf")
