"""From our requests to the bodies that a server understands. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shop_ai.lm.base import Generate, Message, Sampling
from shop_ai.lm.remote.hygiene import plain
from shop_ai.lm.remote.options import Options

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How this server wants to be spoken to, and what it can do."""

    limit: str = "max_tokens"
    """Its key for the most tokens."""
    stream: bool = True
    """It sends tokens as they come: the only way to see that it lives, and for it to see that we left."""
    usage: bool = True
    """It can be asked to count tokens at the end of a stream."""
    schema: bool = False
    tops: int = 0
    """How many likeliest first tokens it tells; 0 where it tells none."""


def writing(request: Generate, number: int, options: Options, dialect: Dialect) -> Body:
    """The body for one candidate; each has a seed of its own."""
    sampling = request.sampling
    body = _body(request.messages, sampling, request.max_tokens, options, dialect)
    if sampling.seed is not None:
        body["seed"] = (sampling.seed + number) % 2**31
    if dialect.stream:
        body["stream"] = True
        if dialect.usage:
            body["stream_options"] = {"include_usage": True}
    if request.schema is not None:
        body["response_format"] = forced(request.schema)
    return body


def weighing(messages: Sequence[Message], options: Options, dialect: Dialect) -> Body:
    """The body for the first token's probabilities.

    Greedy: llama.cpp tells nothing when the token it drew is the end or half a character (an emoji's).
    """
    body = _body(messages, Sampling(), 1, options, dialect)
    return {**body, "logprobs": True, "top_logprobs": dialect.tops}


def forced(schema: Mapping[str, Any]) -> Body:
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}


def _body(
    messages: Sequence[Message], sampling: Sampling, max_tokens: int, options: Options, dialect: Dialect
) -> Body:
    return {
        **options.body,
        "model": options.model,
        "messages": [{"role": message.role, "content": plain(message.segments)} for message in messages],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        dialect.limit: max_tokens,
    }
