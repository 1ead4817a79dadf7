"""Claims told by their form: model numbers, standards, superlatives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from shop_ai.safety.claims import loose
from shop_ai.safety.claims.claim import Claim, Finding, Kind, supported, unsupported
from shop_ai.safety.claims.reading import Reading
from shop_ai.safety.claims.tokens import Sort, glued, tokens
from shop_ai.safety.claims.wordlists import table

_STANDARD = re.compile(r"(?:ip|ipx|ik|en|iso|din|astm|gb|mil|un|upf|spf|bs|ansi|ul|ce)\d")


def codes(reading: Reading) -> Iterator[Claim]:
    """IP67, XR500."""
    for first, last in glued(reading.tokens):
        if reading.free(first, last):
            code = "".join(token.text for token in reading.tokens[first:last]).lower()
            fact = reading.known.codes.get(code)
            kind = Kind.CERTIFICATION if _STANDARD.match(code) else Kind.NAME
            yield reading.claim(kind, first, last, supported(fact) if fact else unsupported())


def ranks(reading: Reading) -> Iterator[Claim]:
    """The lightest, most compact, lighter than."""
    for index in range(len(reading.tokens)):
        last = _rank(reading, index)
        if last:
            yield reading.claim(Kind.SUPERLATIVE, index, last, _proof(reading, index, last))


def _rank(reading: Reading, index: int) -> int:
    """Where a superlative that begins here ends; 0 where none does."""
    token, word = reading.tokens[index], reading.word(index)
    if reading.taken(index) or token.sort is not Sort.WORD:
        return 0
    following = index + 1 < len(reading.tokens) and reading.tokens[index + 1].sort is Sort.WORD
    if word == "most" and following:
        return index + 2
    if re.fullmatch(r"[a-z]{3,}er", word) and reading.word(index + 1) == "than":
        return index + 2
    return index + 1 if re.fullmatch(r"[a-z]{3,}est", word) and word not in _not_ranks() else 0


def _proof(reading: Reading, index: int, last: int) -> Finding:
    said = any(reading.word(index) in str(fact).lower().split() for fact in reading.known.facts)
    if said and reading.word(last - 1) != "than":
        return loose.judge(reading.tokens[last - 1], 1, reading.known)
    return unsupported("No fact proves a rank.")


@lru_cache(maxsize=1)
def _not_ranks() -> frozenset[str]:
    return frozenset(token.text for token in tokens(table("praise")["not_ranks"]))
