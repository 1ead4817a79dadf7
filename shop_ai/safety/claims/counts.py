"""Whether the facts hold a bare number: so many of the same thing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shop_ai.safety.claims.claim import Fact, Finding, contradicted, supported, unsupported
from shop_ai.safety.claims.known import Known, Measure
from shop_ai.safety.claims.lexicon import is_plain
from shop_ai.safety.claims.quantities import Quantity
from shop_ai.safety.claims.tokens import Sort, tokens


def _stems(words: str) -> frozenset[str]:
    return frozenset(token.stem for token in tokens(words) if token.sort is not Sort.MARK)


CHOICES = _stems("shade tone version option variant choice finish hue")
CHOSEN = _stems("colour finish size shade scent flavour version design") | set("色款味")
IDLE = _stems("the a an of in on for with and number count total per size type set pack")
TELLING = frozenset("只件个包档口层片袋块页抽")
"""Measure words that tell what is counted."""


def judge(
    text: str,
    quantity: Quantity,
    near: str,
    alike: Sequence[Measure],
    same: Sequence[Measure],
    known: Known,
) -> Finding:
    """What the facts say to a number; `alike` are their numbers, `same` those that are equal."""
    nouns = _stems(near) | ({quantity.measure} - {""})
    telling = _telling(near) | ({quantity.measure} & TELLING)
    for measure in same:
        if measure.around & nouns and (not measure.in_name or measure.around & telling):
            return supported(measure.fact)
    listed = next((fact for fact in known.facts if _lists(fact, quantity, nouns)), None)
    if listed:
        return supported(listed)
    for measure in alike:
        keyed = _stems(measure.fact.key) & nouns - IDLE
        if (measure.around & telling or keyed) and measure not in same and not measure.in_name:
            return contradicted(measure.fact)
    for measure in same:
        if not measure.in_name or _named(text, quantity, measure):
            return supported(measure.fact)
    return unsupported("No fact gives this number.")


def _telling(near: str) -> frozenset[str]:
    """Words that say what is counted: not "of", not "set"."""
    return frozenset(t.stem for t in tokens(near) if t.sort is Sort.WORD and not is_plain(t))


def _named(text: str, quantity: Quantity, measure: Measure) -> bool:
    """Whether the number is said as the name says it: Pulse 40."""
    before = re.search(r"(\w+)[\s-]*$", text[: quantity.start])
    told = f"{before[1] if before else ''} {text[quantity.start : quantity.end]}"
    return told.lower().strip() in measure.fact.value.lower()


def _lists(fact: Fact, quantity: Quantity, nouns: frozenset[str]) -> bool:
    """Three colours, where the fact names three."""
    items = [item for item in re.split(r"[,，、/;；]|\band\b|和", fact.value) if item.strip()]
    if len(items) != quantity.value or len(items) < 2:
        return False
    key = _stems(fact.key)
    return bool(key & nouns or (key & CHOSEN and (nouns & CHOICES or quantity.measure)))
