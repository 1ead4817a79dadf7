"""EditorJS documents as plain text: read, never written."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

from django.utils.html import strip_tags

TEXTS = ("text", "caption", "message", "title", "code")
"""Where the blocks of EditorJS keep words."""
LISTS = ("content", "items")


def text_of(document: Any) -> str:
    """The words of its blocks, a paragraph each; what is no document is given back as text."""
    found = document
    if isinstance(document, str):
        try:
            found = json.loads(document)
        except ValueError:
            return document
    if not isinstance(found, dict) or not isinstance(found.get("blocks"), list):
        return "" if document is None else str(document)
    blocks = (block.get("data") for block in found["blocks"] if isinstance(block, dict))
    return "\n\n".join(filter(None, ("\n".join(_words(data)) for data in blocks)))


def _words(data: Any) -> Iterator[str]:
    """Of a block, a list or an item of one."""
    if isinstance(data, str):
        if words := html.unescape(strip_tags(data.replace("<br>", "\n"))).strip():
            yield words
    elif isinstance(data, list):
        for item in data:
            yield from _words(item)
    elif isinstance(data, dict):
        for name in (*TEXTS, *LISTS):
            yield from _words(data.get(name))
