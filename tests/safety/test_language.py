"""Texts and the language they are in."""

from __future__ import annotations

import pytest

from shop_ai.safety.language import in_language, primary


@pytest.mark.parametrize(
    ("code", "short"), [("zh-hans", "zh"), ("zh_Hans", "zh"), ("en-GB", "en"), ("de", "de")]
)
def test_primary(code, short):
    assert primary(code) == short


@pytest.mark.parametrize(
    ("text", "language", "matches"),
    [
        ("The bottle holds 750 ml and is made of steel.", "en", True),
        ("这款 Tarn 水壶容量为750毫升。", "zh-hans", True),
        ("The bottle holds 750 ml and is made of steel.", "zh-hans", False),
        ("这款水壶容量为750毫升。", "en", False),
        ("750 - 30", "en", False),
    ],
)
def test_a_text_is_in_its_language(text, language, matches):
    assert in_language(text, language, ["en", "zh-hans"]) is matches


def test_without_py3langid_the_script_decides(monkeypatch):
    from shop_ai.safety import language

    monkeypatch.setattr(language, "_identifier", lambda languages: None)

    assert in_language("Die Flasche fasst 750 ml.", "en", ["en", "de"])
    assert not in_language("水壶容量为750毫升。", "en", ["en"])
