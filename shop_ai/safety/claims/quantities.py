"""Measures, prices and counts in a text: each number with its unit, its bound and the words around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from shop_ai.safety.claims.lexicon import split
from shop_ai.safety.claims.numbers import Number, numbers
from shop_ai.safety.claims.tokens import HAN
from shop_ai.safety.claims.units import Unit, currency_before, unit_after, units_in
from shop_ai.safety.claims.wordlists import table


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    start: int
    end: int
    value: float
    decimals: int
    units: tuple[Unit, ...] = ()
    """What its unit may be; empty for a bare number."""
    shared: bool = False
    """The unit stands at a later number of the row: 30 × 20 cm."""
    bound: str = ""
    """about, over, under or upto, where the text says so."""
    words: bool = False
    measure: str = ""
    """A Chinese measure word: 6包."""


def quantities(text: str, name: str = "") -> list[Quantity]:
    """Every quantity of the text; `name` is that of a fact, which may tell the unit."""
    read = (_read(text, number) for number in numbers(text))
    found = _shared([quantity for quantity in read if quantity is not None], text)
    found = [quantity for quantity in _joined(found) if not _idle(text, quantity)]
    told = units_in(name)
    if told:
        found = [q if q.units or q.measure else replace(q, units=told) for q in found]
    return [replace(q, bound=_bound(text, q)) for q in found]


def _read(text: str, number: Number) -> Quantity | None:
    money, start = currency_before(text, number.start)
    units, end = unit_after(text, number.end)
    if money:
        units, end = money, number.end
    if number.percent:
        units, end = unit_after("1%", 1)[0], number.end
    measure = ""
    if not units and (match := _measure().match(text, number.end)):
        measure, end = match["measure"], match.end("measure")
    glued = text[end : end + 1]
    if not units and not measure and re.match(r"[A-Za-z]", glued) and not number.words:
        if not re.match(r"(?:st|nd|rd|th|x|s)\b", text[end : end + 3]):
            return None  # part of a code: 4K, 710F
    if not units and (half := re.match(r"个半(?=小时|月|钟头|星期)", text[number.end :])):
        units, end = unit_after(text, number.end + half.end())
        number, measure = replace(number, value=number.value + 0.5), ""
    if _half_follows(text, end) and units:
        number, end = replace(number, value=number.value + 0.5), end + 1
    return Quantity(
        start=start,
        end=end,
        value=number.value,
        decimals=number.decimals,
        units=units,
        words=number.words,
        measure=measure,
    )


def multiples(text: str) -> list[Quantity]:
    """Counts that a fact tells in other words: dual SIM, triple pack."""
    known = table("numerals")["multiples"]
    pattern = rf"\b(?:{'|'.join(known)})(?=[\s-])"
    return [
        Quantity(start=m.start(), end=m.end(), value=known[m.group().lower()], decimals=0, words=True)
        for m in re.finditer(pattern, text, re.IGNORECASE)
    ]


@lru_cache(maxsize=1)
def _measure() -> re.Pattern[str]:
    listed = "|".join(table("numerals")["measures"]["listed"].split())
    return re.compile(rf"\s?(?P<measure>{listed})")


def _half_follows(text: str, at: int) -> bool:
    """一年半: a year and a half."""
    return text[at : at + 1] == "半" and bool(re.match(rf"[{HAN}]", text[at - 1 : at]))


def _idle(text: str, quantity: Quantity) -> bool:
    """Words that look like numbers and count nothing: one of, 一款, 千 in 千万别."""
    if not quantity.words:
        return quantity.value == 0 and not quantity.units
    han = re.match(rf"[{HAN}]", text[quantity.start])
    if han:
        counted = bool(quantity.units or quantity.measure)
        single = quantity.value == 1 and not _precise(quantity)
        return not counted or single or (quantity.value == 0.5 and bool(quantity.measure))
    return not quantity.units and quantity.value in (0.25, 0.5, 0.75, 1)


_LOOSE = frozenset({"day", "minute", "second", "person", "x_zoom", "degree", "count", "chi", "rpm", "Mbit"})


def _precise(quantity: Quantity) -> bool:
    """Whether the unit makes it a measure even of one: 一年, but not 一天."""
    return any(unit.name not in _LOOSE for unit in quantity.units)


_ROW = re.compile(
    r"\s*(?:x|×|\*|X|✕|by|to|bis|-|–|—|~|～|至|到|乘|/|or|and|和|或|、|,|\+|&)\s*", re.IGNORECASE
)
_FIRM = re.compile(r"\s*(?:x|×|\*|X|✕|by|to|-|–|—|~|～|至|到|乘|/)\s*", re.IGNORECASE)


def _shared(found: Sequence[Quantity], text: str) -> list[Quantity]:
    """Numbers of one row take the unit of its last: 30 × 20 × 10 cm, 16, 32 and 64 GB."""
    kept = list(found)
    for index in range(len(kept) - 2, -1, -1):
        here, following = kept[index], kept[index + 1]
        between = text[here.end : following.start]
        if here.units or here.measure or not following.units or not _ROW.fullmatch(between):
            continue
        firm = bool(_FIRM.fullmatch(between)) and not _times(kept, index, text)
        kept[index] = replace(here, units=following.units, shared=not firm)
    return kept


def _times(row: Sequence[Quantity], index: int, text: str) -> bool:
    """Whether a number may count the measure behind it: 6 × 330 ml."""
    alone = index + 2 >= len(row) or not _ROW.fullmatch(text[row[index + 1].end : row[index + 2].start])
    return alone and text[row[index].end : row[index + 1].start].strip() in ("x", "×", "*", "X", "✕")


def _joined(found: Sequence[Quantity]) -> list[Quantity]:
    """1米8 is 1.8 metres; the half of 一年半 is counted already."""
    kept: list[Quantity] = []
    for quantity in found:
        last = kept[-1] if kept else None
        if last and quantity.start < last.end:
            continue
        if last and _tenth(last, quantity):
            value = last.value + quantity.value / 10
            kept[-1] = replace(last, end=quantity.end, value=value, decimals=1)
        else:
            kept.append(quantity)
    return kept


def _tenth(last: Quantity, quantity: Quantity) -> bool:
    bare = not quantity.units and not quantity.measure and 0 < quantity.value < 10
    return bare and last.end == quantity.start and any(unit.name == "m" for unit in last.units)


@lru_cache(maxsize=1)
def _bounds() -> tuple[tuple[re.Pattern[str], str], ...]:
    found = []
    for name, listed in table("numerals")["bounds"].items():
        wordings = "|".join(re.escape(w) for w in sorted(split(listed), key=len, reverse=True))
        if name.endswith("_after"):
            pattern = rf"^\s?(?:{wordings})(?![A-Za-z])"
        else:
            pattern = rf"(?:^|[^A-Za-z])(?:{wordings})(?:\s+(?:a|an|the))?\s*$"
        found.append((re.compile(pattern, re.IGNORECASE), name))
    return tuple(found)


def _bound(text: str, quantity: Quantity) -> str:
    before, after = text[max(0, quantity.start - 18) : quantity.start], text[quantity.end : quantity.end + 14]
    found = []
    for pattern, name in _bounds():
        match = pattern.search(after if name.endswith("_after") else before)
        if match:
            found.append((len(match.group()), name.removesuffix("_after")))
    return max(found)[1] if found else ""


NEAR = 32
"""Characters around a quantity that may say what it is of."""
_APART = r"[,;:()，；。：、（）\n]|\b(?:and|with|or|but)\b"


def beside(text: str, quantity: Quantity, others: Sequence[Quantity] = (), apart: str = _APART) -> str:
    """The words next to a quantity in its clause, as far as the next quantity."""
    begin = max([quantity.start - NEAR, 0, *(q.end for q in others if q.end <= quantity.start)])
    end = min([quantity.end + NEAR, *(q.start for q in others if q.start >= quantity.end)])
    left = re.split(rf"{apart}|\.", text[begin : quantity.start])[-1]
    right = re.split(rf"{apart}|\.\s", text[quantity.end : max(end, quantity.end)])[0]
    return f"{left} {right}"


def agree(told: Quantity, known: Quantity) -> bool:
    """Whether a quantity of a text says the same as one of the facts."""
    if not told.units or not known.units:
        return not told.units and not known.units and _bare(told, known)
    return any(
        _within(told, known, unit, other)
        for unit in told.units
        for other in known.units
        if comparable(unit, other)
    )


def comparable(unit: Unit, other: Unit) -> bool:
    """Whether two units measure the same."""
    pair = {unit.dimension, other.dimension}
    return len(pair) == 1 or pair == {"angle", "temperature"}


def _bare(told: Quantity, known: Quantity) -> bool:
    if told.bound == "over":
        return told.value <= known.value <= told.value * 1.25 + 1
    if told.bound == "under":
        return told.value * 0.75 - 1 <= known.value <= told.value
    if told.bound == "about":
        return abs(told.value - known.value) <= 0.06 * known.value
    return abs(told.value - known.value) < 1e-6


def _within(told: Quantity, known: Quantity, unit: Unit, other: Unit) -> bool:
    value, wanted = unit.base(told.value), other.base(known.value)
    slack = 1e-6 * max(1.0, abs(wanted))
    if unit != other:  # as precise as it was written
        slack = max(slack, abs(unit.base(0.51 * 10**-told.decimals) - unit.base(0)), 0.003 * abs(wanted))
        slack = min(slack, 0.08 * abs(wanted))
        if unit.dimension in ("time", "data"):
            slack = max(slack, 0.03 * abs(wanted))
    if told.bound == "about" or known.bound == "about":
        slack = max(slack, 0.06 * abs(wanted))
    if told.bound == "over":
        return value - slack <= wanted <= 1.25 * value + slack
    if told.bound == "under":
        return 0.75 * value - slack <= wanted <= value + slack
    return abs(value - wanted) <= slack
