"""A claim of a text: what it asserts, where, and what the facts say to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a claim is about."""

    NUMBER = "number"
    SIZE = "size"
    COUNT = "count"
    PRICE = "price"
    MATERIAL = "material"
    COLOUR = "colour"
    CERTIFICATION = "certification"
    ORIGIN = "origin"
    WARRANTY = "warranty"
    COMPATIBILITY = "compatibility"
    NEGATION = "negation"
    NAME = "name"
    SUPERLATIVE = "superlative"
    HEALTH = "health"
    LEGAL = "legal"
    ABSOLUTE = "absolute"
    FEATURE = "feature"


class Verdict(StrEnum):
    """What the facts say to a claim."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that is known: `Material: Cotton`."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}: {self.value}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the facts say to one assertion."""

    verdict: Verdict
    reason: str
    fact: Fact | None = None


def supported(fact: Fact) -> Finding:
    return Finding(Verdict.SUPPORTED, f"The facts say “{fact}”.", fact)


def contradicted(fact: Fact) -> Finding:
    return Finding(Verdict.CONTRADICTED, f"The facts say “{fact}”.", fact)


def unsupported(reason: str = "No fact mentions it.") -> Finding:
    return Finding(Verdict.UNSUPPORTED, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`text[start:end]` equals `quote`."""

    kind: Kind
    start: int
    end: int
    quote: str
    verdict: Verdict
    reason: str
    fact: Fact | None = None
    """The fact it rests on, or the one against it."""

    @property
    def flagged(self) -> bool:
        return self.verdict is not Verdict.SUPPORTED
