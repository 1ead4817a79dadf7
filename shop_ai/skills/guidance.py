"""What merchants want of texts: data for the prompt and for checks by code. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shop_ai.lm.base import Segment

Word = Annotated[str, Field(min_length=1, max_length=60)]
LEVELS = {
    "simple": "Use short sentences and everyday words.",
    "expert": "Use the words of the trade.",
}
_HAN = re.compile(r"[\u3400-\u9fff]")


class Term(BaseModel):
    """A wording that is never used, and what is said instead; without that, its sentence goes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    never: Word
    say: str = Field("", max_length=60)


class Guidance(BaseModel):
    """One version for a category and a language, or several put together. Everything may be empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    voice: str = Field("", max_length=600)
    """How the brand speaks, in a sentence or two."""
    tone: Literal["", "plain", "warm", "expert"] = ""
    length: Literal["", "short", "medium", "long"] = ""
    reading_level: Literal["", "simple", "expert"] = ""
    keywords: tuple[Word, ...] = Field((), max_length=20)
    """Words that people search for; a text that lacks one is pointed out, none is put in by force."""
    glossary: tuple[Term, ...] = Field((), max_length=200)
    banned: tuple[Word, ...] = Field((), max_length=200)
    """A sentence with one of these is not offered."""

    def over(self, other: Guidance) -> Guidance:
        """This one where it says something, else the more general `other`; what is forbidden adds up."""
        mine = {name: value for name, value in self if value}
        never = {term.never.lower() for term in self.glossary}
        terms = (*self.glossary, *(term for term in other.glossary if term.never.lower() not in never))
        banned = tuple(dict.fromkeys((*self.banned, *other.banned)))
        return other.model_copy(update={**mine, "glossary": terms, "banned": banned})

    def segments(self) -> Iterator[Segment]:
        """What the system message says of it; the merchant's words are not trusted with control tokens."""
        if self.voice:
            yield Segment(text=" Our voice: ")
            yield Segment(text=self.voice, trusted=False)
        if self.reading_level:
            yield Segment(text=f" {LEVELS[self.reading_level]}")

    def worded(self, sentence: str) -> str:
        """The sentence in the store's words; empty where it has one that may not be said."""
        for term in self.glossary:
            if term.say:
                sentence = _pattern(term.never).sub(partial(_cased, term.say), sentence)
        forbidden = (*self.banned, *(term.never for term in self.glossary if not term.say))
        return "" if any(_pattern(word).search(sentence) for word in forbidden) else sentence

    def lacking(self, texts: Iterable[str]) -> list[str]:
        """The keywords that stand in none of the texts."""
        told = "\n".join(texts)
        return [word for word in self.keywords if not _pattern(word).search(told)]

    @property
    def said(self) -> str:
        """The store's own words for things: true of whatever the words they replace are true of."""
        return "; ".join(term.say for term in self.glossary if term.say)


def _pattern(word: str) -> re.Pattern[str]:
    """The word by itself; in Chinese, which has no blanks, wherever it stands."""
    body = re.escape(word)
    return re.compile(body if _HAN.search(word) else rf"(?<!\w){body}(?!\w)", re.IGNORECASE)


def _cased(word: str, found: re.Match[str]) -> str:
    """With a capital where what it replaces had one at the beginning of a sentence."""
    begins = found.start() == 0 and found[0][:1].isupper()
    return word[:1].upper() + word[1:] if begins else word
