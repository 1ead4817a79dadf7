"""What is known of a product, read once: its words, concepts and quantities, and what it is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from shop_ai.safety.claims import polarity
from shop_ai.safety.claims.aspects import aspects
from shop_ai.safety.claims.claim import Fact, Kind
from shop_ai.safety.claims.facts import NAMES, affirms, asks, denies, flat
from shop_ai.safety.claims.lexicon import Concept, Hit, Phrases, phrases
from shop_ai.safety.claims.quantities import Quantity, beside, multiples, quantities
from shop_ai.safety.claims.shares import share
from shop_ai.safety.claims.tokens import Sort, Token, glued, tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A concept named in a fact."""

    concept: Concept
    sign: int
    fact: Fact
    share: float | None = None
    """Per cent, where the fact says how much: 60% cotton."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A quantity named in a fact."""

    quantity: Quantity
    fact: Fact
    aspects: frozenset[str]
    around: frozenset[str]
    """Stems of the fact's name and of the words beside the number."""

    @property
    def in_name(self) -> bool:
        return self.fact.key.lower() in NAMES


@dataclass(slots=True)
class Known:
    """All that may be said."""

    facts: list[Fact]
    mentions: list[Mention] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    words: dict[str, list[tuple[int, Fact]]] = field(default_factory=lambda: defaultdict(list))
    """Stem → sign and fact."""
    codes: dict[str, Fact] = field(default_factory=dict)
    """Letters and digits that stand together: IP67, XR500."""
    runs: list[tuple[tuple[str, ...], Fact]] = field(default_factory=list)
    """Each fact's value as bases, for what is quoted word for word."""
    text: str = ""
    """All that is affirmed, for what is quoted in Chinese."""
    asked: Phrases = field(default_factory=lambda: Phrases(()))
    """Names of facts that say yes or no, as wordings of their own."""

    def __post_init__(self) -> None:
        for fact in self.facts:
            self._read(fact)
        asked = [fact for fact in self.facts if denies(fact.value) or affirms(fact.value)]
        concepts = {id(fact): Concept(f"={fact.key}", Kind.FEATURE) for fact in asked}
        self.asked = Phrases((wording, concepts[id(fact)]) for fact in asked for wording in asks(fact.key))
        for fact in asked:
            sign = -1 if denies(fact.value) else 1
            self.mentions.append(Mention(concept=concepts[id(fact)], sign=sign, fact=fact))

    def _read(self, fact: Fact) -> None:
        key, both = tokens(fact.key), tokens(f"{fact.key} {fact.value}")
        hits = list(phrases().find(both))
        signs = polarity.read(both, hits)
        if denies(fact.value):
            signs = [-1] * len(key) + [1] * (len(both) - len(key))
        else:
            self.runs.append((tuple(t.base for t in tokens(fact.value) if t.sort is not Sort.MARK), fact))
            self.text += f"|{fact.key}|{fact.value}"
        self._mention(fact, both, hits, signs)
        self._word(fact, both, signs)
        self._measure(fact, key)

    def _mention(self, fact: Fact, cut: Sequence[Token], hits: Sequence[Hit], signs: Sequence[int]) -> None:
        for hit in hits:
            for concept in hit.concepts:
                sign, part = signs[hit.first] * concept.sign, share(cut, hit)
                self.mentions.append(Mention(concept=concept, sign=sign, fact=fact, share=part))

    def _word(self, fact: Fact, cut: Sequence[Token], signs: Sequence[int]) -> None:
        for token, sign in zip(cut, signs, strict=True):
            if token.sort is not Sort.MARK:
                self.words[token.stem].append((sign, fact))
        for one, other in pairwise(cut):
            if one.sort is other.sort is Sort.WORD:  # "hand warmer" is a handwarmer
                self.words[one.base + other.stem].append((1, fact))
        for first, last in glued(cut):
            self.codes.setdefault("".join(token.text for token in cut[first:last]).lower(), fact)

    def _measure(self, fact: Fact, key: Sequence[Token]) -> None:
        named = {token.stem for token in key}
        for text in (fact.value, fact.key):
            found = [*quantities(text, fact.key), *multiples(text)]
            for quantity in found:
                near = beside(text, quantity, found)
                around = named | {token.stem for token in tokens(near)} | {quantity.measure}
                self.measures.append(
                    Measure(
                        quantity=quantity,
                        fact=fact,
                        aspects=aspects(fact.key) | aspects(near),
                        around=frozenset(around),
                    )
                )


def read(facts: Mapping[str, Any]) -> Known:
    """What the facts make known, whatever their form."""
    return Known(facts=flat(facts))
