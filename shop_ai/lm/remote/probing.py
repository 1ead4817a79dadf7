"""Finds out by tiny requests what a server can do.

A status of 200 proves nothing: some servers take a schema or `logprobs` and ignore them. Each answer is
read.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from shop_ai.exceptions import CheckpointError
from shop_ai.lm.base import Generate, says
from shop_ai.lm.remote.bodies import Body, Dialect, weighing, writing
from shop_ai.lm.remote.failures import Rejected, Transient
from shop_ai.lm.remote.options import Options
from shop_ai.lm.remote.reply import Reply

log = logging.getLogger("shop_ai.lm")

Ask = Callable[[Body], Reply]
HELLO = (says("user", "Say hello."),)
LETTER = (says("user", "Reply with the letter A only."),)
SECRET = {"word": "zq7"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"word": {"const": "zq7"}},
    "required": ["word"],
    "additionalProperties": False,
}
"""Nobody who says hello writes this unless forced to."""
TOPS = (100, 20, 5)
"""llama.cpp tells as many as one likes, vLLM 20 unless told otherwise, others 5."""


def find_out(ask: Ask, options: Options) -> Dialect:
    """What the server can do, but for what the options say about it; raises `BackendError`."""
    given = options.capabilities
    dialect = _spoken(ask, options)
    schema = given["schema"] if "schema" in given else _forces(ask, options, dialect)
    if "choose" in given:
        tops = TOPS[1] if given["choose"] else 0
    else:
        tops = _told(ask, options, dialect)
    return replace(dialect, schema=schema, tops=tops)


def _spoken(ask: Ask, options: Options) -> Dialect:
    """The first dialect in which the server answers a greeting."""
    dialects = (
        Dialect(),
        Dialect(limit="max_completion_tokens"),
        Dialect(usage=False),
        Dialect(stream=False, usage=False),
    )
    refused: Rejected | None = None
    for dialect in dialects:
        if dialect.stream and options.capabilities.get("stream") is False:
            continue
        try:
            reply = ask(writing(Generate(messages=HELLO, max_tokens=1), 0, options, dialect))
        except Rejected as error:
            refused = refused or error
        else:
            return replace(dialect, stream=dialect.stream and reply.streamed)
    raise CheckpointError(f"{refused} It says: {_short(refused.words if refused else '')}") from refused


def _forces(ask: Ask, options: Options, dialect: Dialect) -> bool:
    request = Generate(messages=HELLO, max_tokens=48, schema=SCHEMA)
    try:
        return bool(json.loads(ask(writing(request, 0, options, dialect)).text) == SECRET)
    except (Rejected, ValueError):
        return False
    except Transient as error:
        return _unsure("schema", error)


def _told(ask: Ask, options: Options, dialect: Dialect) -> int:
    for tops in TOPS:
        try:
            reply = ask(weighing(LETTER, options, replace(dialect, tops=tops)))
        except Rejected:
            continue
        except Transient as error:
            return int(_unsure("choose", error))
        return tops if len(reply.first) > 1 else 0
    return 0


def _unsure(what: str, error: Transient) -> bool:
    """A server that has just greeted us and fails at this every time cannot do it."""
    log.warning("The server's %r is taken as missing: %s", what, error)
    return False


def _short(words: str) -> str:
    return " ".join(words.split())[:300]
