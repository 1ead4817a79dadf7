"""Plain text as Markdown (CommonMark) that shows as it is. Pure."""

from __future__ import annotations

import re

_INLINE = re.compile(r"[\\`*_\[\]<>~|]|&(?=[#\w])|!(?=\[)")
_BEGINNING = re.compile(r"^(\s*)([#+=]|-(?! )|\d+(?=[.)]\s))", re.MULTILINE)


def escaped(text: str) -> str:
    """With a backslash before whatever would be a mark; lines that begin with "- " stay points of a list."""
    text = _INLINE.sub(lambda found: "\\" + found[0], text)
    return _BEGINNING.sub(_marked, text)


def _marked(found: re.Match[str]) -> str:
    blank, mark = found[1], found[2]
    return f"{blank}{mark}\\" if mark[0].isdigit() else f"{blank}\\{mark}"
