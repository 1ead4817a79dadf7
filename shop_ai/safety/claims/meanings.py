"""Whether the facts hold what a wording stands for: materials, colours, certificates, features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shop_ai.safety.claims import parts, shares
from shop_ai.safety.claims.claim import (
    Claim,
    Finding,
    Kind,
    Verdict,
    contradicted,
    supported,
    unsupported,
)
from shop_ai.safety.claims.known import Known, Mention
from shop_ai.safety.claims.lexicon import Concept, Hit, excluded, implied
from shop_ai.safety.claims.reading import Reading

SLOTS = frozenset({Kind.MATERIAL, Kind.COLOUR, Kind.ORIGIN})
"""Kinds of which a product has one or a few, so that another one is a contradiction."""
_BEST = (Verdict.SUPPORTED, Verdict.CONTRADICTED, Verdict.UNSUPPORTED)


def claims(reading: Reading) -> Iterator[Claim]:
    for hit in reading.hits:
        kind, sign = _kind_of(hit), reading.signs[hit.first]
        if kind is None or not reading.free(hit.first, hit.last):
            continue
        if sign < 0 and kind is Kind.SUPERLATIVE:
            continue
        share = shares.share(reading.tokens, hit)
        first = hit.first if share is None else shares.begin(reading.tokens, hit)
        found = _judge(reading, hit, sign, share)
        if found.verdict is not Verdict.SUPPORTED and sign * hit.concepts[0].sign < 0:
            kind = Kind.NEGATION
        yield reading.claim(kind, first, hit.last, found)


def turns(reading: Reading) -> Iterator[Claim]:
    """Turns of phrase that claim nothing."""
    for hit in reading.hits:
        if not hit.concepts and reading.free(hit.first, hit.last):
            reading.take(hit.first, hit.last)
    yield from ()


def _kind_of(hit: Hit) -> Kind | None:
    return hit.concepts[0].kind if hit.concepts else None


def _judge(reading: Reading, hit: Hit, sign: int, share: float | None) -> Finding:
    found = judge(hit.concepts, sign, reading.known, share)
    if found.verdict is Verdict.UNSUPPORTED and sign > 0 and share is None:
        found = _in_words(reading, hit) or found
    if found.verdict is Verdict.SUPPORTED and sign > 0 and _kind_of(hit) in parts.OF_PARTS:
        found = parts.against(reading, hit) or found
    return found


def judge(concepts: Sequence[Concept], sign: int, known: Known, share: float | None = None) -> Finding:
    """The best that any reading of the wording comes to."""
    found = [_one(concept, sign * concept.sign, known, share) for concept in concepts]
    return min(found, key=lambda finding: _BEST.index(finding.verdict))


def _one(concept: Concept, sign: int, known: Known, share: float | None) -> Finding:
    for mention in known.mentions:
        if _holds(concept, sign, mention) and (sign < 0 or _shares(share, mention)):
            return supported(mention.fact)
    for mention in known.mentions:
        if _breaks(concept, sign, mention):
            return contradicted(mention.fact)
    if sign > 0 and concept.kind in SLOTS:
        for mention in known.mentions:
            if mention.sign > 0 and mention.concept.kind is concept.kind:
                return contradicted(mention.fact)
    return unsupported("No fact says so." if sign > 0 else "No fact denies it.")


def _holds(concept: Concept, sign: int, mention: Mention) -> bool:
    """What is of oak is of wood; what has no metal has no steel."""
    if sign != mention.sign:
        return False
    if sign > 0:
        return concept.name in implied(mention.concept.name)
    return mention.concept.name in implied(concept.name)


def _breaks(concept: Concept, sign: int, mention: Mention) -> bool:
    below = implied(mention.concept.name)
    if sign > 0 and mention.sign < 0:
        return mention.concept.name in implied(concept.name)
    if sign < 0:
        return mention.sign > 0 and concept.name in below
    return bool(below & excluded(concept.name))


def _shares(share: float | None, mention: Mention) -> bool:
    return share is None or (mention.share is not None and abs(mention.share - share) < 0.05)


def _in_words(reading: Reading, hit: Hit) -> Finding | None:
    """The same words in one fact, where the list has another meaning for them."""
    known = reading.known.words
    told = reading.tokens[hit.first : hit.last]
    held = [{id(fact): fact for sign, fact in known.get(token.stem, ()) if sign > 0} for token in told]
    for key, fact in held[0].items():
        if all(key in facts for facts in held):
            return supported(fact)
    return None
