"""Words that no list knows: a name, a part, a feature. The facts hold them or they do not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shop_ai.safety.claims.claim import (
    Claim,
    Fact,
    Finding,
    Kind,
    Verdict,
    contradicted,
    supported,
    unsupported,
)
from shop_ai.safety.claims.known import Known
from shop_ai.safety.claims.lexicon import is_goods, is_plain
from shop_ai.safety.claims.reading import Reading
from shop_ai.safety.claims.tokens import Sort, Token, stem

DEFINITE = frozenset({"the", "this", "its", "their", "your", "our", "each", "these", "every", "that"})
ASIDE = frozenset({"to", "you", "we", "i", "who", "let", "let's"})
SUBORDINATE = frozenset(
    {"when", "where", "if", "whether", "because", "while", "once", "until", "whenever", "wherever", "after"}
)
_ENDINGS = frozenset(
    "al ion ation or er ed ity y i ive ic ance ence ant ent ment ness able ate ful ist s ish ary ory ian an "
    "en n ing d r ers ors ically ical age ship ware".split()
) | {""}
_ALONG_BEFORE = re.compile(
    r"\b(?:includ\w+|(?<!pair )(?<!pairs )(?<!goes )(?<!go )(?<!match )(?<!wear )(?<!worn )with"
    r"|built[- ]in|integrated|plus"
    r"|(?:set|pack|kit) (?:includes|contains))\b[^.]*$",
    re.IGNORECASE,
)
_ALONG_AFTER = re.compile(
    r"^[^.]*\b(?:(?:is|are|comes?)\s+)?(?:included|in the box|comes? with it|supplied)\b", re.IGNORECASE
)


def claims(reading: Reading) -> Iterator[Claim]:
    for index, token in enumerate(reading.tokens):
        if reading.taken(index) or token.sort is not Sort.WORD or len(token.text) < 2:
            continue
        if is_plain(token) or (is_goods(token) and not _comes_along(reading, index)):
            continue
        found = judge(token, reading.signs[index], reading.known)
        if found.verdict is Verdict.UNSUPPORTED and (
            _presupposed(reading, index)
            or _denied_beside(reading, index)
            or _aside(reading, index)
            or reading.counted(index)
        ):
            continue
        yield reading.claim(_kind(reading, index), index, index + 1, found)


def _kind(reading: Reading, index: int) -> Kind:
    """What an unlisted word is most likely about."""
    if reading.signs[index] < 0:
        return Kind.NEGATION
    named = reading.tokens[index].capital and not reading.begins(index)
    return Kind.NAME if named else Kind.FEATURE


def _comes_along(reading: Reading, index: int) -> bool:
    """Whether the clause says that this is included: "comes with two pillowcases"."""
    first, last = reading.clause(index)
    token = reading.tokens[index]
    before = reading.text[reading.tokens[first].start : token.start]
    after = reading.text[token.end : reading.tokens[last - 1].end]
    return bool(_ALONG_BEFORE.search(before) or _ALONG_AFTER.search(after))


def _presupposed(reading: Reading, index: int) -> bool:
    """ "The fly withstands": a part that is only pointed at."""
    if reading.tokens[index].capital or not index or reading.tokens[index - 1].base not in DEFINITE:
        return False
    after = reading.tokens[index + 1] if index + 1 < len(reading.tokens) else None
    return after is None or after.breaks or (after.sort is Sort.WORD and is_plain(after))


def _aside(reading: Reading, index: int) -> bool:
    """ "When winds blow", "to outlast": what is told of the world or of a use, not of the product."""
    if reading.tokens[index].capital:
        return False
    if reading.word(index).endswith("ly"):
        return True
    first, _ = reading.clause(index)
    return reading.word(index - 1) in ASIDE or reading.word(first) in SUBORDINATE


def _denied_beside(reading: Reading, index: int) -> bool:
    """ "No nano particles": one word of what is denied is denied by the facts."""
    beside = [i for i in (index - 1, index + 1) if 0 <= i < len(reading.tokens)]
    return reading.signs[index] < 0 and any(
        reading.signs[i] < 0
        and reading.tokens[i].sort is Sort.WORD
        and judge(reading.tokens[i], -1, reading.known).verdict is Verdict.SUPPORTED
        for i in beside
    )


def judge(token: Token, sign: int, known: Known) -> Finding:
    """Whether the facts name it, or deny it."""
    found = held(token, known)
    for said, fact in found:
        if said == sign:
            return supported(fact)
    if not found and (bare := _bare(token)):
        found = [(-said, fact) for said, fact in known.words.get(stem(bare), ())]
        if any(said == sign for said, _ in found):
            return supported(next(fact for said, fact in found if said == sign))
    return contradicted(found[0][1]) if found else unsupported()


def _bare(token: Token) -> str:
    """What the word itself denies: filtered in unfiltered, strap in strapless."""
    word = token.text.lower()
    if word.endswith("less"):
        return word.removesuffix("less")
    return word.removeprefix("un").removeprefix("non") if word.startswith(("un", "non")) else ""


def held(token: Token, known: Known) -> list[tuple[int, Fact]]:
    """Sign and fact of every mention of the word or of a relative of it."""
    if token.stem in known.words:
        return known.words[token.stem]
    if len(token.stem) < 4:
        return []
    return [pair for word, pairs in known.words.items() if related(token.stem, word) for pair in pairs]


def related(one: str, other: str) -> bool:
    """Whether two stems share their root: approv and approval, assembl and assembli."""
    same = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        same += 1
    if same < 4 or (same < 5 and same < min(len(one), len(other))):
        return False
    return one[same:] in _ENDINGS and other[same:] in _ENDINGS
