"""Which part of a product a material or a colour is said of: walnut legs, where the legs are oak."""

from __future__ import annotations

from collections.abc import Sequence

from shop_ai.safety.claims.claim import Fact, Finding, Kind, contradicted
from shop_ai.safety.claims.lexicon import Hit, implied, is_plain
from shop_ai.safety.claims.reading import Reading
from shop_ai.safety.claims.tokens import Sort, Token, tokens

OF_PARTS = frozenset({Kind.MATERIAL, Kind.COLOUR})
_GENERAL = frozenset(
    token.stem
    for token in tokens(
        "material colour finish fabric composition main body product of and the type max name brand"
    )
)
LOOK = 3
"""How many words away a part may stand."""


def against(reading: Reading, hit: Hit) -> Finding | None:
    """The fact that says another material of the very part the text speaks of."""
    kind, names = hit.concepts[0].kind, {concept.name for concept in hit.concepts}
    for part in (_behind(reading.text, reading.tokens, hit), _before(reading.tokens, hit)):
        told = [
            mention
            for mention in reading.known.mentions
            if mention.sign > 0 and mention.concept.kind is kind and part and _is_of(part, mention.fact)
        ]
        if told:
            agreed = any(names & implied(mention.concept.name) for mention in told)
            return None if agreed else contradicted(told[0].fact)
    return None


def _behind(text: str, cut: Sequence[Token], hit: Hit) -> tuple[str, ...]:
    """Oak |legs|; 铝合金|箱体."""
    if cut[hit.last - 1].sort is Sort.HAN:
        return (text[cut[hit.last - 1].end :][:2],)
    found = []
    for token in cut[hit.last : hit.last + LOOK - 1]:
        if token.sort is not Sort.WORD or token.base in ("and", "with", "or", "in", "on", "of", "for"):
            break
        found.append(token.stem)
    return tuple(found)


def _before(cut: Sequence[Token], hit: Hit) -> tuple[str, ...]:
    """The |legs| are made of oak."""
    found = []
    for token in reversed(cut[max(0, hit.first - LOOK - 1) : hit.first]):
        if token.sort is not Sort.WORD or token.base in ("and", "with", "or"):
            break
        found.append(token.stem)
        if not is_plain(token):
            break
    verbs = {"is", "are", "be", "make", "come", "of", "in", "from"}
    return tuple(found) if verbs & set(found) else ()


def _is_of(part: Sequence[str], fact: Fact) -> bool:
    key = {token.stem for token in tokens(fact.key) if token.sort is Sort.WORD} - _GENERAL
    han = fact.key[-2:]
    return bool(key & set(part)) or (len(han) == 2 and not han.isascii() and part[0] == han)
