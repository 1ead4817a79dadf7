"""What readers may see of an answer that is not finished. Pure functions."""

from __future__ import annotations

import re

from pydantic_core import from_json

from shop_ai.lm.remote.hygiene import without_controls
from shop_ai.safety.html import plain

ROUNDS = 8
"""Taking one thing away can bring another to light; what needs more rounds is not shown at all."""
_LINK = re.compile(r"!?\[([^\[\]\n]{0,200})\]\([^()\n]{0,500}\)")


def shown(text: str) -> str:
    """The text without markup, links, hidden characters and control tokens, as nobody checks it before."""
    text = text.encode(errors="ignore").decode()
    for _ in range(ROUNDS):
        unlinked = _LINK.sub(r"\1", text).replace("](", "] (")  # the rest of one may be in the next sentence
        cleaned = plain(without_controls(unlinked))
        if cleaned == text:
            return text
        text = cleaned
    return ""


def text_of(json: str, name: str) -> str:
    """The text under that name in JSON that may break off anywhere; empty where there is none yet."""
    try:
        found = from_json(json, allow_partial="trailing-strings")
    except ValueError:
        return ""
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""
