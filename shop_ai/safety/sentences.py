"""Cuts a text that is still being written where a sentence has certainly ended, in English and Chinese.

More cautious than `text.sentences`: what might go on ("approx. 5", "e.g. Berlin", "1.") is not cut, since
what has been shown cannot be taken back.
"""

from __future__ import annotations

import re

# Each alternative begins at the beginning of its run and gives nothing back: time grows with the length only.
_STOP = re.compile(
    r"(?P<latin>(?<![.!?…])[.!?…]++[\"'”’)\]]*+)(?=\s)"
    r"|(?P<han>[。！？…][。！？…!?]*+[”’」』）]*+)"
    r"|(?P<gap>\n\s*\n|\n(?=[ \t]*(?:[-*•–]|\d{1,3}[.)])[ \t]))"  # an empty line, or the next item of a list
)
_NEXT = re.compile(r"\s*(\S?)")
_BEFORE = 24
"""Characters before a full stop that decide what it is."""
_BETWEEN = re.compile(r"[\s(\[\"'“‘]")
_ABBREVIATIONS = frozenset(
    "approx ca cf co corp dept dr est etc excl fig gen incl inc jr lt ltd max min misc mr mrs ms mt no nos "
    "nr pp prof resp rev sr st vol vs".split()
)


def finished(text: str, start: int = 0, *, ended: bool = False) -> tuple[list[str], int]:
    """The sentences from `start` on that no further text can change, and where the rest begins.

    With `ended` nothing more will come, so the rest is a sentence, too.
    """
    found: list[str] = []
    for match in _STOP.finditer(text, start):
        ends = _ends(text, start, match)
        if ends is None:
            break
        if ends:
            found.append(text[start : match.end()].strip())
            start = match.end()
    if ended:
        found.append(text[start:].strip())
        start = len(text)
    return [sentence for sentence in found if sentence], start


def _ends(text: str, start: int, match: re.Match[str]) -> bool | None:
    """Whether a sentence ends there; None while only what comes next can tell."""
    if match["gap"]:
        return True
    if match["han"]:
        follows = text[match.end() : match.end() + 1]
        if not follows:
            return None
        return bool(match["han"].strip("…")) or follows >= "\u2e80"  # "so…so" goes on, "等等…好" does not
    following = _NEXT.match(text, match.end())
    if following is None or not following[1]:
        return None
    if following[1].islower() or following[1].isdigit():
        return False
    before = text[max(start, match.start() - _BEFORE) : match.start()]
    return match["latin"] != "." or not _goes_on(before)


def _goes_on(before: str) -> bool:
    """Whether a full stop after this belongs to an abbreviation, an initial, or the number of an item."""
    word = _BETWEEN.split(before)[-1]
    if word.isdigit():
        return not before.rpartition("\n")[2].removesuffix(word).strip()
    parts = word.split(".")
    dotted = len(parts) > 1 and all(part.isalpha() and len(part) <= 2 for part in parts)
    initial = len(word) == 1 and "A" <= word <= "Z"
    return dotted or initial or word.lower() in _ABBREVIATIONS
