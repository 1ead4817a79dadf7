"""The options of the remote backend: read, checked, never shown with a secret. No Django."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from shop_ai.exceptions import ConfigurationError

WHERE = "SHOP_AI['LM']['OPTIONS']"
CAPABILITIES = ("schema", "choose", "stream")
OURS = ("messages", "model", "stream", "stream_options", "n")
"""What `body` may not set: we could not read the answer any more."""


class Problem(NamedTuple):
    """A mistake in the options, with the number of its system check."""

    number: str
    text: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the server is."""

    secure: bool
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Every option; what has no default must be given."""

    base_url: str
    """Such as "http://localhost:8000/v1"."""
    model: str = ""
    """What the server calls the language model; else the name of the CHECKPOINT."""
    api_key_env: str = ""
    """Name of the environment variable that holds the key."""
    timeout: float = 300.0
    """Seconds that one answer may take in all."""
    silence: float = 45.0
    """Seconds without a single byte that count as a failure; must be less than STALL."""
    connect_timeout: float = 5.0
    open_timeout: float = 60.0
    """Seconds that a starting worker waits for the server."""
    retries: int = 2
    """How often a request is repeated at once when the server failed or was busy."""
    room: int = 8
    """How many HTTP requests run at a time."""
    capabilities: Mapping[str, bool] = field(default_factory=dict)
    """What the server can do (schema, choose, stream), where it should not be asked."""
    adapters: Mapping[str, str] = field(default_factory=dict)
    """Name of an adapter → what the server calls the language model with it."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of every request, such as "chat_template_kwargs"."""

    def under(self, adapter: str | None) -> Options:
        """The same, asking for the language model with that adapter, which must be a known one."""
        return self if adapter is None else replace(self, model=self.adapters[adapter])

    @property
    def endpoint(self) -> Endpoint:
        parts = urlsplit(self.base_url)
        secure = parts.scheme == "https"
        return Endpoint(
            secure=secure,
            host=parts.hostname or "",
            port=parts.port or (443 if secure else 80),
            path=parts.path.rstrip("/") or "/v1",
        )


NUMBERS = ("timeout", "silence", "connect_timeout", "open_timeout", "retries", "room")
KNOWN = tuple(item.name for item in fields(Options))
FOLDERS = ("folder", "adapter_folder")
"""Of checkpoints and adapters; the server has its own."""


def parse(checkpoint: str, given: Mapping[str, Any]) -> Options:
    """Read the options; raises `ConfigurationError` with the first mistake."""
    given = {key: value for key, value in given.items() if key not in FOLDERS}
    for problem in problems(checkpoint, given):
        raise ConfigurationError(f"{problem.text} {problem.hint}")
    return Options(**{**given, "model": given.get("model") or checkpoint})


def problems(checkpoint: str, given: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything that is wrong with the options."""
    for name in given:
        if name not in (*KNOWN, *FOLDERS):
            near = difflib.get_close_matches(name, KNOWN, 1) or KNOWN
            yield Problem("E002", f"{WHERE} has the unknown key {name!r}.", f"Known: {', '.join(near)}.")
    yield from _address(given.get("base_url"))
    if not (given.get("model") or checkpoint):
        yield Problem(
            "E003", f"{WHERE} has no 'model'.", 'Set "model" to the name that the server gives to it.'
        )
    for name in ("model", "api_key_env"):
        if not isinstance(given.get(name, ""), str):
            yield _wrong(name, "a string")
    for name in NUMBERS:
        yield from _number(name, given.get(name, 1))
    yield from _mappings(given)


def _address(url: Any) -> Iterator[Problem]:
    """What is wrong with `base_url`, without repeating it: a password may be in it."""
    hint = 'Set "base_url" to an address such as "http://localhost:8000/v1".'
    if not url:
        yield Problem("E003", f"{WHERE} has no 'base_url'.", hint)
        return
    try:
        if not isinstance(url, str) or not url.isprintable() or " " in url:
            raise ValueError
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError
    except ValueError:
        yield Problem("E001", f"{WHERE}['base_url'] is not an http or https address.", hint)
        return
    if "@" in parts.netloc:
        text = f"{WHERE}['base_url'] has a user or a password in it, which would be shown in logs."
        yield Problem("E001", text, 'Name an environment variable with the key in "api_key_env" instead.')
    if parts.query or parts.fragment:
        yield Problem("E001", f"{WHERE}['base_url'] has a query or a fragment.", hint)


def _number(name: str, value: Any) -> Iterator[Problem]:
    whole = name in ("retries", "room")
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        yield _wrong(name, "a whole number" if whole else "a number")
    elif value < 0 or (value == 0 and name not in ("retries", "open_timeout")):
        least = "0 or more" if name in ("retries", "open_timeout") else "more than 0"
        yield Problem("E033", f"{WHERE}[{name!r}] is {value:g}.", f"Set it to {least}.")


def _mappings(given: Mapping[str, Any]) -> Iterator[Problem]:
    for name in ("capabilities", "adapters", "body"):
        if not isinstance(given.get(name, {}), Mapping):
            yield _wrong(name, "a mapping")
            return
    for name, value in given.get("capabilities", {}).items():
        if name not in CAPABILITIES or not isinstance(value, bool):
            text = f"{WHERE}['capabilities'] has {name!r}: {value!r}."
            yield Problem("E001", text, f"Set {', '.join(CAPABILITIES)} to True or False.")
    for name, value in given.get("adapters", {}).items():
        if not (isinstance(name, str) and isinstance(value, str) and value):
            text = f"{WHERE}['adapters'] has {name!r}: {value!r}."
            yield Problem("E001", text, "Map each adapter's name to the server's name of the model with it.")
    for name in sorted(set(given.get("body", {})) & set(OURS)):
        yield Problem("E001", f"{WHERE}['body'] sets {name!r}, which shop_ai sets itself.", "Take it out.")


def _wrong(name: str, wanted: str) -> Problem:
    return Problem("E001", f"{WHERE}[{name!r}] is not {wanted}.", f"Set it to {wanted}.")
