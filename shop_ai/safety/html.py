"""HTML on its way out: nothing but a few tags without attributes. nh3, strict."""

from __future__ import annotations

import html
import re

import nh3

from shop_ai.safety.text import tidy

TAGS = frozenset({"p", "br", "ul", "ol", "li", "strong", "em", "h3", "h4"})
_BREAKING = re.compile(r"</?(?:p|br|ul|ol|li|h[1-6]|div|tr)\b[^>]*>", re.IGNORECASE)


def plain(text: str) -> str:
    """Text without any markup: what a language model wrote, made fit for a plain text field.

    Markup that was written as entities is markup to whoever shows the field as it is, so it goes, too.
    """
    bare = _bare(text)
    while len(bare) < len(text):
        text, bare = bare, _bare(bare)
    return tidy(bare)


def _bare(text: str) -> str:
    broken = _BREAKING.sub("\n", text)
    return html.unescape(nh3.clean(broken, tags=set(), attributes={}, clean_content_tags={"script", "style"}))


def rich(text: str) -> str:
    """HTML reduced to TAGS without attributes; safe to show as it is."""
    return nh3.clean(text, tags=set(TAGS), attributes={}, clean_content_tags={"script", "style"})


def paragraphs(text: str) -> str:
    """Plain text as HTML paragraphs; lines that begin with "- " as a list."""
    return "".join(_block(part.strip().split("\n")) for part in text.split("\n\n") if part.strip())


def _block(lines: list[str]) -> str:
    escaped = [html.escape(line.strip()) for line in lines]
    if all(line.startswith("- ") for line in escaped):
        return "".join(("<ul>", *(f"<li>{line[2:]}</li>" for line in escaped), "</ul>"))
    return f"<p>{'<br>'.join(escaped)}</p>"
