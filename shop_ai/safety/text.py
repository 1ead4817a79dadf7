"""Characters that have no business in a shop's text: control, invisible and private ones."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f"  # control codes, ANSI escapes among them
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, fillers, Mongolian selectors
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"  # zero width, bidi marks and overrides
    "\u3164\ufeff\uffa0\ufff0-\uffff"
    "\ue000-\uf8ff\U000f0000-\U0010ffff"  # private use: our own marks live there
    "\U000e0000-\U000e0fff"  # tags and variation selectors supplement
    "\ufe00-\ufe0e]"  # variation selectors but U+FE0F, which makes an emoji colourful
)
# Joiners (U+200C, U+200D) spell words in Arabic and Indic scripts and build emoji; anywhere else they hide.
_JOINED = "\u0600-\u08ff\u0900-\u0dff\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_LOOSE_JOINER = re.compile(f"(?<![{_JOINED}])[\u200c\u200d]+|[\u200c\u200d]+(?![{_JOINED}])")
_BLANKS = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u205f]+")
_LINES = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """The text in NFC, without control, invisible, bidirectional and private-use characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    return _LOOSE_JOINER.sub("", text)


def tidy(text: str) -> str:
    """Cleaned, with single blanks, at most one empty line, and nothing at the ends."""
    lines = (_BLANKS.sub(" ", line).strip() for line in clean(text).split("\n"))
    return _LINES.sub("\n\n", "\n".join(lines)).strip()


_SENTENCE_END = re.compile(r"[.!?…][\"'”’)]*(?=\s|$)|[。！？…][”’」』）]*")


def sentences(text: str) -> list[str]:
    """The text cut after full stops, in English and Chinese; decimal points do not count."""
    found, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        found.append(text[start : match.end()].strip())
        start = match.end()
    return [s for s in (*found, text[start:].strip()) if s]


def fit(text: str, limit: int | None) -> str:
    """At most `limit` characters: whole sentences where possible, else whole words."""
    if limit is None or len(text) <= limit:
        return text
    ends = [m.end() for m in _SENTENCE_END.finditer(text) if m.end() <= limit]
    if ends:
        return text[: ends[-1]].rstrip()
    cut = text[:limit]
    words = cut.rsplit(" ", 1)[0] if " " in cut else cut
    return words.rstrip(" ,;:")
