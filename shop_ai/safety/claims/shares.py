"""How much of a thing there is: 60% cotton, pure linen, 纯棉."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shop_ai.safety.claims.lexicon import Hit
from shop_ai.safety.claims.tokens import Sort, Token

PURE = frozenset({"pure", "all", "Pure", "All", "纯", "全"})
_NUMBER = re.compile(r"[\d.]+")
LOOK = 5
"""How many tokens before a thing its share may stand."""


def share(cut: Sequence[Token], hit: Hit) -> float | None:
    """The per cent of what is named, where the text tells it."""
    before = [token.text for token in cut[max(0, hit.first - 4) : hit.first]]
    for size in (2, 3, 4):
        if len(before) >= size and _NUMBER.fullmatch(before[-size]) and before[-size + 1] in "%％":
            return float(before[-size])
    after = [token.text for token in cut[hit.last : hit.last + 2]]
    if len(after) == 2 and _NUMBER.fullmatch(after[0]) and after[1] in "%％":
        return float(after[0])
    whole = "".join(before).endswith(("百分之百", "百分百"))
    word = cut[hit.first].text
    return 100.0 if whole or word[:1] in PURE or (before and before[-1] in PURE) else None


def begin(cut: Sequence[Token], hit: Hit) -> int:
    """The token at which a share before the thing begins."""
    first = hit.first
    while first and first > hit.first - LOOK:
        before = cut[first - 1]
        if before.sort is not Sort.NUMBER and before.text not in "%％百分之" and before.text not in PURE:
            break
        first -= 1
    return first
