"""Plain text as Markdown shows as it is."""

from __future__ import annotations

import pytest

from shop_ai.safety.html import paragraphs
from shop_ai.safety.markdown import escaped


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Made of oak.", "Made of oak."),
        ("Size 3*4 and a_b", r"Size 3\*4 and a\_b"),
        ("# No heading", r"\# No heading"),
        ("1. No list", r"1\. No list"),
        ("- a point\n- another", "- a point\n- another"),
        ("-5 °C", r"\-5 °C"),
        ("<b>x</b> [a](b) `c`", r"\<b\>x\</b\> \[a\](b) \`c\`"),
        ("AT&amp;T", r"AT\&amp;T"),
        ("材质为榉木。", "材质为榉木。"),
    ],
)
def test_escaped(text, written):
    assert escaped(text) == written


def test_points_become_a_list_of_html():
    assert paragraphs("Two things:\n\n- oak & ash\n- <b>steel</b>") == (
        "<p>Two things:</p><ul><li>oak &amp; ash</li><li>&lt;b&gt;steel&lt;/b&gt;</li></ul>"
    )
