"""What a measure is of: width, weight, runtime. Measures are compared within their aspect first."""

from __future__ import annotations

from functools import lru_cache

from shop_ai.safety.claims.claim import Kind
from shop_ai.safety.claims.lexicon import Concept, Phrases, split
from shop_ai.safety.claims.tokens import tokens
from shop_ai.safety.claims.wordlists import table


@lru_cache(maxsize=1)
def _phrases() -> Phrases:
    listed = table("aspects")["forms"]
    return Phrases(
        (form, Concept(name, Kind.NUMBER)) for name, wordings in listed.items() for form in split(wordings)
    )


@lru_cache(maxsize=4096)
def aspects(text: str) -> frozenset[str]:
    """The aspects a text names."""
    return frozenset(concept.name for hit in _phrases().find(tokens(text)) for concept in hit.concepts)


def opposed(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether a measure of the one can never be a measure of the other: width and height."""
    listed = table("aspects")["opposed"]
    return any(name in listed.get(aspect, "").split() for aspect in one for name in other)
