"""Whether the facts hold a quantity of the text: the same measure, of the same thing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from shop_ai.safety.claims import counts
from shop_ai.safety.claims.aspects import aspects, opposed
from shop_ai.safety.claims.claim import Claim, Finding, Kind, Verdict, contradicted, supported, unsupported
from shop_ai.safety.claims.known import Known, Measure
from shop_ai.safety.claims.lexicon import is_plain
from shop_ai.safety.claims.quantities import Quantity, agree, beside, comparable
from shop_ai.safety.claims.reading import Reading
from shop_ai.safety.claims.tokens import Sort, tokens
from shop_ai.safety.claims.units import MONEY, SIZES

SOFT = frozenset({"pixel", "people", "yarn", "lens"})
"""Dimensions that facts often leave out."""
APART = r"[;。\n]|\b(?:and|with|or|but)\b"
"""Where the words that may name the thing of a bare number end."""
COUNTED = frozenset({"inch", "person", "rpm", "count", "year"})
"""Units that are Chinese measure words as well."""


def claims(reading: Reading) -> Iterator[Claim]:
    _idioms(reading)
    for quantity in reading.quantities:
        inside = reading.within(quantity)
        words = [i for i in inside if reading.tokens[i].sort is not Sort.MARK]
        if words and not any(reading.taken(i) for i in words):
            found = judge(reading.text, quantity, reading.known, reading.quantities)
            reading.take(inside[0], inside[-1] + 1)
            if found.verdict is Verdict.SUPPORTED and not quantity.units:
                reading.agreed.append(quantity.end)
            yield Claim(
                kind=_kind(quantity),
                start=quantity.start,
                end=quantity.end,
                quote=reading.text[quantity.start : quantity.end],
                verdict=found.verdict,
                reason=found.reason,
                fact=found.fact,
            )


def _idioms(reading: Reading) -> None:
    """Numbers inside a turn of phrase count nothing: two in one, 第一次."""
    for quantity in reading.quantities:
        for hit in reading.hits:
            first, last = reading.tokens[hit.first], reading.tokens[hit.last - 1]
            inside = first.start <= quantity.start and quantity.end <= last.end
            if not hit.concepts and inside and reading.free(hit.first, hit.last):
                reading.take(hit.first, hit.last)


def _kind(quantity: Quantity) -> Kind:
    dimensions = {unit.dimension for unit in quantity.units}
    if dimensions & MONEY and not dimensions & SIZES:
        return Kind.PRICE
    if dimensions & SIZES:
        return Kind.SIZE
    return Kind.NUMBER if dimensions else Kind.COUNT


def judge(text: str, quantity: Quantity, known: Known, others: Sequence[Quantity] = ()) -> Finding:
    """What the facts say to a quantity; `others` are those of the same text."""
    near = beside(text, quantity, others)
    alike = [measure for measure in known.measures if _comparable(quantity, measure.quantity)]
    same = [measure for measure in alike if agree(quantity, measure.quantity)]
    if quantity.units:
        found = _measured(near, alike, same)
    else:
        found = counts.judge(text, quantity, near, alike, same, known)
    if found.verdict is not Verdict.SUPPORTED:
        wide = beside(text, quantity, others, apart=APART)
        other = next((m for m in known.measures if _other_reading(quantity, wide, m)), None)
        found = supported(other.fact) if other else found
    return found


def _comparable(told: Quantity, known: Quantity) -> bool:
    if not told.units or not known.units:
        return not told.units and not known.units
    return any(comparable(unit, other) for unit in told.units for other in known.units)


def _measured(near: str, alike: Sequence[Measure], same: Sequence[Measure]) -> Finding:
    of = aspects(near)
    named = [measure for measure in alike if measure.aspects & of]
    for measure in same:
        if measure in named:
            return supported(measure.fact)
    if named and not any(not measure.aspects for measure in same):
        return contradicted(named[0].fact)
    for measure in same:
        if not opposed(of, measure.aspects):
            return supported(measure.fact)
    return contradicted((same or alike)[0].fact) if alike else unsupported("No fact gives such a measure.")


def _other_reading(told: Quantity, near: str, measure: Measure) -> bool:
    """A fact without a unit ("Battery: 4500"), or a number that only shares the unit of the next."""
    known = measure.quantity
    if abs(known.value - told.value) > 1e-9:
        return False
    if known.units:
        return bool(told.measure and {unit.name for unit in known.units} & COUNTED)
    if measure.in_name or not told.units:
        return False
    if SOFT & {unit.dimension for unit in told.units} or told.shared:
        return True
    return not told.words and _unit_understood(near, measure)


def _unit_understood(near: str, measure: Measure) -> bool:
    """Whether the bare number is of the very thing that the text names: Inseam is 11."""
    alone = re.fullmatch(r"[\d.,\s/x×*+-]+", measure.fact.value.strip())
    if alone and aspects(near) & measure.aspects:
        return True
    return bool(measure.around & {t.stem for t in tokens(near) if t.sort is Sort.WORD and not is_plain(t)})
