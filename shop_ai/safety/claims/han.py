"""Chinese that no list knows, after a word that asserts (采用…, 配有…) or before a colour (星空蓝)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from shop_ai.safety.claims.claim import Claim, Kind, unsupported
from shop_ai.safety.claims.reading import Reading
from shop_ai.safety.claims.tokens import Sort, has_han
from shop_ai.safety.claims.wordlists import table

SHADES = frozenset("红橙黄绿青蓝紫粉棕灰白黑色")


def claims(reading: Reading) -> Iterator[Claim]:
    for begin, end in _unknown(reading):
        first, last = _bare(reading, begin, end)
        shade = _is_shade(reading, first, last)
        asserted = last - first >= 2 and _asserted(reading, first)
        if (shade or asserted) and not _covered(reading, first, last):
            yield reading.claim(Kind.COLOUR if shade else Kind.FEATURE, first, last, unsupported())


def _unknown(reading: Reading) -> Iterator[tuple[int, int]]:
    """Runs of Han characters that nothing has taken."""
    first = 0
    while first < len(reading.tokens):
        last = first
        while (
            last < len(reading.tokens) and not reading.taken(last) and reading.tokens[last].sort is Sort.HAN
        ):
            last += 1
        if last > first:
            yield first, last
        first = max(last, first + 1)


def _bare(reading: Reading, first: int, last: int) -> tuple[int, int]:
    """Without the particles at both ends."""
    while last - first > 1 and reading.tokens[first].text in _plain():
        first += 1
    while last - first > 1 and reading.tokens[last - 1].text in _plain():
        last -= 1
    return first, last


def _is_shade(reading: Reading, first: int, last: int) -> bool:
    """Whether the characters turn the colour behind them into another."""
    behind = reading.text[reading.tokens[last - 1].end :][:1]
    plain = any(token.text in _plain() for token in reading.tokens[first:last])
    return last - first <= 3 and not plain and behind in SHADES and bool(behind)


def _asserted(reading: Reading, index: int) -> bool:
    """Whether a word that asserts stands right before, with at most a particle between."""
    first, _ = reading.clause(index)
    before = reading.text[reading.tokens[first].start : reading.tokens[index].start]
    words = table("plain_zh")["asserting"]
    return any(before[: len(before) - gap].endswith(word) for word in words for gap in (0, 1, 2))


def _covered(reading: Reading, first: int, last: int) -> bool:
    """Whether the facts hold the characters, or so nearly that it is another wording of them."""
    known = reading.known.text
    told = "".join(token.text for token in reading.tokens[first:last])
    if not has_han(known) or told in known:
        return True
    held = sum(character in known for character in told)
    plain = sum(character in _plain() for character in told)
    return held + plain >= len(told) - (1 if held >= 2 else 0)


@lru_cache(maxsize=1)
def _plain() -> frozenset[str]:
    return frozenset(word for word in table("plain_zh")["words"].split() if len(word) == 1)
