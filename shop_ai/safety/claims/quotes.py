"""What a text says in the very words of the facts, and the product's own name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shop_ai.safety.claims.claim import Claim, Kind, supported
from shop_ai.safety.claims.facts import BRANDS, NAMES
from shop_ai.safety.claims.lexicon import is_plain
from shop_ai.safety.claims.reading import Reading
from shop_ai.safety.claims.tokens import Sort, has_han, tokens

WORDS, CHARACTERS = 3, 4
"""In a row, English or Chinese, that count as a quotation."""


def names(reading: Reading) -> Iterator[Claim]:
    """The name and the brand, whole or in part: what they say is no claim of the text."""
    for fact in reading.known.facts:
        if fact.key.lower() in NAMES | BRANDS:
            name = [token.base for token in tokens(fact.value) if token.sort is not Sort.MARK]
            for first, last in _runs(reading, name, least=min(2, len(name))):
                yield reading.claim(Kind.NAME, first, last, supported(fact))


def quotations(reading: Reading) -> Iterator[Claim]:
    for run, fact in reading.known.runs:
        least = CHARACTERS if has_han("".join(run)) else WORDS
        for begin, end in _runs(reading, run, least=least):
            first, last = _whole(reading, begin, end)
            telling = any(not is_plain(token) for token in reading.tokens[first:last])
            if telling and all(sign > 0 for sign in reading.signs[first:last]):
                yield reading.claim(Kind.FEATURE, first, last, supported(fact))


def _runs(reading: Reading, wanted: Sequence[str], least: int) -> list[tuple[int, int]]:
    """Where at least so many of the wanted words stand in a row."""
    if not least or len(wanted) < least:
        return []
    here = [(i, token.base) for i, token in enumerate(reading.tokens) if not reading.taken(i)]
    starts: dict[str, list[int]] = {}
    for position, word in enumerate(wanted):
        starts.setdefault(word, []).append(position)
    found, at = [], 0
    while at < len(here):
        length = max((_common(here, at, wanted, p) for p in starts.get(here[at][1], ())), default=0)
        if length >= least:
            found.append((here[at][0], here[at + length - 1][0] + 1))
        at += length if length >= least else 1
    return found


def _common(here: Sequence[tuple[int, str]], at: int, wanted: Sequence[str], position: int) -> int:
    """How many words agree from here on; one mark may stand between two."""
    length = 0
    for (index, word), other in zip(here[at:], wanted[position:], strict=False):
        if word != other or (length and index - here[at + length - 1][0] > 2):
            break
        length += 1
    return length


def _whole(reading: Reading, first: int, last: int) -> tuple[int, int]:
    """The run without a quantity that it would cut in two: 5.4-|oz cotton|."""
    for quantity in reading.quantities:
        inside = reading.within(quantity)
        if inside and inside[0] < first <= inside[-1]:
            first = inside[-1] + 1
        if inside and inside[0] < last <= inside[-1]:
            last = inside[0]
    return first, max(first, last)
