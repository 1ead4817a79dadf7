"""Which tokens a row's JSON schema allows next, by llguidance. Imports torch."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import llguidance
import llguidance.hf
import llguidance.numpy
import numpy as np
import torch
from torch import Tensor

from shop_ai.exceptions import UnsupportedRequest

if TYPE_CHECKING:
    from shop_ai.lm.local.ticket import Row

KEPT = 64
"""Compiled schemas that are kept."""


class Guide:
    """Follows one answer through its grammar."""

    def __init__(self, matcher: Any) -> None:
        self.matcher = matcher
        self.length = 0
        """Tokens that were taken."""

    def copy(self) -> Guide:
        """One that has taken nothing yet, of one that has not either."""
        return Guide(self.matcher.deep_copy())

    def take(self, token: int) -> bool:
        """Go on by a token; false when the grammar does not allow it."""
        self.length += 1
        return bool(self.matcher.consume_token(token))

    @property
    def failed(self) -> bool:
        return bool(self.matcher.is_error())

    @property
    def stopped(self) -> bool:
        """The answer is complete, nothing can follow."""
        return bool(self.matcher.is_stopped())

    @property
    def accepts(self) -> bool:
        """The answer is complete, though more may follow."""
        return bool(self.matcher.is_accepting())


class Grammars:
    """Compiles schemas for one tokenizer; the last ones are kept."""

    def __init__(self, tokenizer: Any, vocabulary: int, stops: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self._stops = list(stops)
        self._compiled: OrderedDict[str, Guide] = OrderedDict()
        self._words: Any = None

    def guide(self, schema: Mapping[str, Any]) -> Guide:
        """A fresh guide; raises `UnsupportedRequest` for a schema that cannot be compiled."""
        key = json.dumps(_closed(schema), ensure_ascii=False)
        if key not in self._compiled:
            self._compiled[key] = self._compile(key)
            if len(self._compiled) > KEPT:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(key)
        return self._compiled[key].copy()

    def _compile(self, schema: str) -> Guide:
        if self._words is None:  # a third of a second, so not before it is needed
            self._words = llguidance.hf.from_tokenizer(
                self._tokenizer, n_vocab=self._vocabulary, eos_token=self._stops
            )
        try:
            grammar = llguidance.LLMatcher.grammar_from_json_schema(
                schema, overrides={"whitespace_flexible": False}
            )
        except ValueError as error:
            raise UnsupportedRequest(f"The schema cannot be compiled: {error}") from error
        matcher = llguidance.LLMatcher(self._words, grammar, log_level=0)
        if matcher.is_error():
            raise UnsupportedRequest(f"The schema cannot be compiled: {matcher.get_error().splitlines()[0]}")
        return Guide(matcher)


def _closed(schema: Any) -> Any:
    """The schema without unnamed properties: a small model would go on inventing them."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), Mapping) and "additionalProperties" not in schema:
        closed["additionalProperties"] = False
    return closed


def fill(guides: Sequence[Guide], bits: Any) -> None:
    """What each may go on with, one bit a token: guides × a 32nd of the vocabulary."""
    matchers = [(guide.matcher, number) for number, guide in enumerate(guides)]
    llguidance.numpy.fill_next_token_bitmask_par(_executor(), matchers, bits)


@cache
def _executor() -> Any:
    """Threads that compute masks side by side."""
    return llguidance.LLExecutor()


def allowed(rows: Sequence[Row], vocabulary: int) -> Tensor:
    """Rows × vocabulary of truth values; a row whose grammar fails gets an `error`."""
    bits = llguidance.numpy.allocate_token_bitmask(len(rows), vocabulary)
    for index, row in enumerate(rows):
        assert row.guide is not None  # noqa: S101 - only guided rows are asked for
        llguidance.numpy.fill_next_token_bitmask(row.guide.matcher, bits, index)
        if row.guide.matcher.is_error():
            row.error = row.error or f"The schema could not be followed: {row.guide.matcher.get_error()}"
    flags = np.unpackbits(bits.view(np.uint8), axis=1, bitorder="little")[:, :vocabulary]
    return torch.from_numpy(flags.view(np.bool_))
