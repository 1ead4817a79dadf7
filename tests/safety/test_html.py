"""HTML that leaves the house."""

from __future__ import annotations

import pytest

from shop_ai.safety.html import paragraphs, plain, rich

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    '<p style="background:url(//sink)" onclick=alert(1)>x</p>',
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_rich_leaves_no_attribute_and_no_active_tag(payload: str) -> None:
    cleaned = rich(f"<p>Fine.</p>{payload}")

    assert "<p>Fine.</p>" in cleaned
    for part in ("<script", "<img", "<svg", "<a", "<iframe", "style=", "onclick=", "<style"):
        assert part not in cleaned


@pytest.mark.parametrize("payload", PAYLOADS)
def test_plain_leaves_no_markup_that_was_a_tag(payload: str) -> None:
    assert "<" not in plain(f"Fine. {payload}")


def test_plain_keeps_what_is_not_markup() -> None:
    assert plain("Fits 5 &lt; 6 &amp; 7") == "Fits 5 < 6 & 7"
    assert plain("<p>One.</p><p>Two.</p>") == "One.\n\nTwo."


def test_paragraphs_escape_the_text() -> None:
    assert paragraphs("a < b\n\nc\nd") == "<p>a &lt; b</p><p>c<br>d</p>"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("&lt;script&gt;alert(1)&lt;/script&gt;Fine.", "Fine."),
        ("&amp;lt;img src=x onerror=alert(1)&amp;gt;Fine.", "Fine."),
        ("&" + "amp;" * 50 + "lt;b&gt;Fine.", "Fine."),
        ("5 &lt; 6 &amp; 7 > 3", "5 < 6 & 7 > 3"),
        ("<scr<script>x</script>ipt>Fine.", "xipt>Fine."),
    ],
)
def test_markup_in_disguise_is_markup(text, left):
    assert plain(text) == left
