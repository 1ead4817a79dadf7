"""Text as words, Han characters, numbers and marks, each with its place and its stem."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from shop_ai.safety.claims.wordlists import table

HAN = "\u3400-\u9fff"
_TOKEN = re.compile(
    rf"(?P<HAN>[{HAN}])"
    r"|(?P<NUMBER>\d+(?:[.,]\d+)*)"
    rf"|(?P<WORD>(?:(?![{HAN}])[^\W\d_])+(?:['’](?:(?![{HAN}])[^\W\d_])+)*)"
    r"|(?P<MARK>\S|\n)"
)
_JOINING = frozenset("-‐‑–—/&+·’'\"“”‘*®™#°")
_BREAKING = frozenset(",.;:!?()[]{}<>|，。；：！？、（）【】《》\n…•")


class Sort(Enum):
    WORD = "word"
    HAN = "han"
    NUMBER = "number"
    MARK = "mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    sort: Sort
    text: str
    start: int
    end: int
    base: str
    """Lower case, singular, American spelling."""
    stem: str
    """The base without its endings."""
    glued: bool
    """No blank before it."""

    @property
    def breaks(self) -> bool:
        """Whether no phrase goes across it."""
        return self.text in _BREAKING

    @property
    def capital(self) -> bool:
        return self.text[:1].isupper()


def tokens(text: str) -> list[Token]:
    """The text cut up; marks that only join words (hyphens, slashes) are left out."""
    found, last = [], -1
    for match in _TOKEN.finditer(text):
        sort = Sort[match.lastgroup or "MARK"]
        written = match.group()
        glued = match.start() == last
        last = match.end()
        if sort is Sort.MARK and written in _JOINING:
            continue
        word = sort is Sort.WORD
        found.append(
            Token(
                sort=sort,
                text=written,
                start=match.start(),
                end=match.end(),
                base=base(written) if word else written,
                stem=stem(written) if word else written,
                glued=glued,
            )
        )
    return found


def glued(cut: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Where letters and digits stand together: IP67, XR500."""
    first = 0
    while first < len(cut):
        last = first + 1
        while last < len(cut) and cut[last].glued and cut[last].sort in (Sort.WORD, Sort.NUMBER):
            last += 1
        if {token.sort for token in cut[first:last]} == {Sort.WORD, Sort.NUMBER}:
            yield first, last
        first = last


def has_han(text: str) -> bool:
    return bool(re.search(rf"[{HAN}]", text))


@lru_cache(maxsize=1)
def _irregular() -> dict[str, str]:
    listed = table("spelling")
    return {form: word for word, forms in listed["forms"].items() for form in forms.split()}


_ENDINGS = ("ability", "able", "ible", "ness", "ing", "ed", "ly")


@lru_cache(maxsize=16384)
def base(word: str) -> str:
    """A word as its singular and in American spelling: colours → color."""
    word = word.lower().replace("’", "'").removesuffix("'s").removesuffix("'")
    known = _irregular()
    word = known.get(word) or known.get(_singular(word)) or _singular(word)
    word = re.sub(r"our(?=$|ed$|ful$|less$|ing$|ite$)", "or", word) if len(word) > 5 else word
    return re.sub(r"is(ation|e|ed|er|ing)$", r"iz\1", word) if len(word) > 6 else word


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """The base without its endings: washable, washing → wash."""
    word = base(word)
    for ending in _ENDINGS:
        rest = word.removesuffix(ending)
        if rest != word and len(rest) > 2 and re.search(r"[aeiouy]", rest):
            word = _undoubled(rest)
            break
    word = word.removesuffix("e") if len(word) > 3 else word
    return f"{word[:-1]}i" if word.endswith("y") and len(word) > 3 else word


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if re.search(r"(?:ss|x|z|ch|sh)es$", word):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and word[-2] not in "sui'":
        return word[:-1]
    return word


def _undoubled(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lszaeiou" else word
