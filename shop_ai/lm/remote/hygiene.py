"""Takes literals that look like control tokens out of what was not trusted. Pure functions.

A server turns a whole string into tokens, so a customer's `<|im_end|>` could end the customer's turn. This
removes every form known to us; it cannot know those of every tokenizer, hence `token_safe = False`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from shop_ai.lm.base import Segment

ROUNDS = 16
"""Removing one literal can join the halves of another; who nests deeper loses all brackets instead."""

_EVERYWHERE = "bos|eos|pad|unk|mask|cls|sep|gmask|smask|inst|image|img|think|unused\\d{1,9}"
_ANGLED = (
    rf"{_EVERYWHERE}|s|sop|eop|eoh|eoa|eot|eod|eom|tok|tools?|video|audio|user|assistant|system|ai|用户"
    r"|endoftext|startoftext|tool[ _]?calls?|tool[ _]?results?|extra[ _]?id[ _]?\d{1,9}|reserved[ _]?\d{1,9}"
    r"|0x[0-9a-f]{2}|\w{1,40}_\w{0,40}"
)
_GAP = r"\s{0,3}"  # every repetition is bounded: a long text must not cost the square of its length
_CONTROL = re.compile(
    r"<\|[^<>|\n]{0,80}\|?>|<[^<>|\n]{0,80}\|>"  # <|im_end|>, <|turn>, <turn|>
    rf"|<<?{_GAP}/?{_GAP}sys{_GAP}>>?"  # Llama 2
    rf"|<{_GAP}/?{_GAP}(?:{_ANGLED}){_GAP}/?>"  # </s>, <start_of_turn>
    rf"|\[{_GAP}/?{_GAP}(?:{_EVERYWHERE}|[a-z]{{1,40}}_[a-z_]{{1,40}}|available tools|system prompt){_GAP}\]"
    rf"|>>{_GAP}(?:title|abstract|introduction|summary|comment|answer|question|domain|prefix|suffix|middle)"
    rf"{_GAP}<<"  # Falcon
    r"|\]~!?b[\[\]]|\[e~\[",  # MiniMax
    re.IGNORECASE,
)
_ALIKE = {
    alike: plain
    for plain, group in {
        "<": "‹〈⟨〈≺˂ᐸ《«≪❮❰",
        ">": "›〉⟩〉≻˃ᐳ》»≫❯❱",
        "|": "│┃ǀ∣❘¦丨ㅣ║‖⏐।",
        "[": "【〔⟦〖❲⁅",
        "]": "】〕⟧〗❳⁆",
        "/": "∕⁄╱⧸",
        "_": "▁ˍ‿",
    }.items()
    for alike in group
}
_BRACKETS = set("<>[]|")


def plain(segments: Sequence[Segment]) -> str:
    """One string of all segments, in which nothing untrusted is part of a control literal."""
    pieces = [(char, segment.trusted) for segment in segments for char in _sound(segment.text)]
    for _ in range(ROUNDS):
        if not (doomed := _doomed(pieces)):
            break
        pieces = [piece for position, piece in enumerate(pieces) if position not in doomed]
    else:
        pieces = [piece for piece in pieces if piece[1] or _skeleton(piece[0]) not in _BRACKETS]
    return "".join(char for char, _ in pieces)


def without_controls(text: str) -> str:
    """An untrusted text without control literals."""
    return plain((Segment(text=text, trusted=False),))


def _doomed(pieces: list[tuple[str, bool]]) -> set[int]:
    """Positions of untrusted characters that are part of a literal, maybe together with trusted ones."""
    shapes = [(_skeleton(char), position) for position, (char, _) in enumerate(pieces)]
    seen = [(shape, position) for shape, position in shapes if shape]
    found = _CONTROL.finditer("".join(shape for shape, _ in seen))
    # What cannot be seen between the first and the last character goes with them.
    inside = (position for match in found for position in _between(seen, match))
    return {position for position in inside if not pieces[position][1]}


def _between(seen: list[tuple[str, int]], match: re.Match[str]) -> range:
    return range(seen[match.start()][1], seen[match.end() - 1][1] + 1)


def _skeleton(char: str) -> str:
    """The plain character that this one looks like; nothing for one that cannot be seen."""
    if char.isascii():
        return char if char >= " " or char in "\n\t" else ""
    if unicodedata.category(char) in ("Cf", "Mn", "Me", "Cc", "Co", "Cn"):
        return ""
    folded = _ALIKE.get(char) or unicodedata.normalize("NFKC", char)
    folded = _ALIKE.get(folded, folded)
    return folded if len(folded) == 1 else "\ufffd"


def _sound(text: str) -> str:
    """Without NUL and half surrogates, which servers refuse to read."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
