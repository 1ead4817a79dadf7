"""Reads what a server says, in one piece or as a stream of events. Pure functions."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal

from shop_ai.exceptions import BackendError
from shop_ai.lm.remote.failures import Transient

Event = Mapping[str, Any]
NOT_JSON = "The server's answer is not JSON of the expected form."
LONGEST_LINE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of the server."""

    text: str
    finish: Literal["stop", "length"]
    tokens_in: int
    tokens_out: int
    first: tuple[tuple[str, float], ...] = ()
    """The likeliest first tokens with their probabilities, where they were asked for."""
    streamed: bool = False


Tell = Callable[[str], None]
"""Takes the text so far."""


def nobody(text: str) -> None:
    """Listens to no text."""


def read(pieces: Iterable[bytes], *, streamed: bool, tell: Tell = nobody) -> Reply:
    """The whole reply; raises `BackendError` for garbage and `Transient` for one that breaks off."""
    events = _streamed(pieces) if streamed else _whole(pieces)
    try:
        return replace(_gather(events, tell), streamed=streamed)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise BackendError(NOT_JSON) from error


def words(pieces: Iterable[bytes]) -> str:
    """What an error says, wherever the server put it: `error.message`, `detail`, `message`, or plain text."""
    raw = b"".join(islice(pieces, 4)).decode(errors="replace")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return raw
    return _words(found)


def _words(found: Any) -> str:
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(name):
            inner = _words(found[name])
            kind = found.get("type") or found.get("code") or ""
            return f"{kind} {inner}".strip()
    return found if isinstance(found, str) else json.dumps(found)


def _whole(pieces: Iterable[bytes]) -> Iterator[Event]:
    yield json.loads(b"".join(pieces))


def _streamed(pieces: Iterable[bytes]) -> Iterator[Event]:
    """Server-sent events: every one of ours is a single line `data: …`."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise BackendError(NOT_JSON)
        for line in lines:
            if not line.startswith(b"data:"):
                continue  # comments keep the connection alive
            data = line[5:].strip()
            if data == b"[DONE]":
                return
            yield json.loads(data)


def _gather(events: Iterable[Event], tell: Tell) -> Reply:
    text, count = "", 0
    usage: Event = {}
    first: tuple[tuple[str, float], ...] = ()
    finish = None
    for event in events:
        if event.get("error"):
            raise Transient("The server failed in the middle of its answer.")
        usage = event.get("usage") or usage
        for choice in event.get("choices") or ():
            part = (choice.get("delta") or choice.get("message") or {}).get("content") or ""
            text += part
            count += bool(part)
            finish = choice.get("finish_reason") or finish
            first = first or _first(choice.get("logprobs"))
        tell(text.rstrip("\ufffd"))  # half a character
    if finish is None:
        raise Transient("The server broke off in the middle of its answer.")
    return Reply(
        text=text,
        finish="length" if finish == "length" else "stop",
        tokens_in=int(usage.get("prompt_tokens") or 0),
        tokens_out=int(usage.get("completion_tokens") or count),
        first=first,
    )


def _first(logprobs: Any) -> tuple[tuple[str, float], ...]:
    positions = (logprobs or {}).get("content") or ()
    if not positions:
        return ()
    found = tuple(
        (str(top["token"]), math.exp(float(top["logprob"]))) for top in positions[0]["top_logprobs"]
    )
    if not all(0 <= probability <= 1.001 for _, probability in found):  # NaN neither
        raise ValueError
    return found
