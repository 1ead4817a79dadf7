"""The colours of a comparison can be read in both modes, and are not all that tells it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import shop_ai

CSS = (Path(shop_ai.__file__).parent / "static/shop_ai/admin.css").read_text()
MODES = re.findall(r"\.shop-ai-diff \{ (--ins-fg: [^}]+)\}", CSS)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_the_definition():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_what_was_added_and_removed_can_be_read_in_light_and_dark():
    modes = [dict(re.findall(r"--([\w-]+): (#\w{6})", mode)) for mode in MODES]

    assert len(modes) == 3 and modes[0] != modes[1] == modes[2]
    for mode in modes:
        assert contrast(mode["ins-fg"], mode["ins-bg"]) >= 4.5
        assert contrast(mode["del-fg"], mode["del-bg"]) >= 4.5


def test_what_was_added_and_removed_is_told_without_colour():
    assert re.search(r"\.shop-ai-diff ins \{[^}]*text-decoration: underline", CSS)
    assert re.search(r"\.shop-ai-diff del \{[^}]*text-decoration: line-through", CSS)
