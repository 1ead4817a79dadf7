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
        ("Die Flasche ist aus Stahl und fasst 750 ml.", "en", True),
    ],
)
def test_a_text_is_in_its_language(text, language, matches):
    assert in_language(text, language, ["en", "zh-hans"]) is matches


def test_without_py3langid_the_script_decides(monkeypatch):
    from shop_ai.safety import language

    monkeypatch.setattr(language, "_identifier", lambda languages: None)

    assert in_language("Die Flasche fasst 750 ml.", "en", ["en", "de"])
    assert not in_language("水壶容量为750毫升。", "en", ["en"])


FOUR = ["en", "de", "fr", "es"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The bottle holds 750 ml and is made of steel.", "en"),
        ("Die Flasche fasst 750 ml und ist aus Stahl gefertigt.", "de"),
        ("La bouteille contient 750 ml et est fabriquée en acier.", "fr"),
        ("La botella tiene 750 ml y está hecha de acero.", "es"),
    ],
)
def test_languages_of_one_script_are_told_apart(text, language):
    assert [one for one in FOUR if in_language(text, one, FOUR)] == [language]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("これは木製の椅子です。", "ja"),
        ("이 의자는 나무로 만들었습니다.", "ko"),
        ("Стул сделан из дерева.", "ru"),
        ("这把椅子采用实木制成。", "zh-hans"),
        ("الكرسي مصنوع من الخشب", "ar"),
    ],
)
def test_a_script_tells_the_language(text, language):
    known = ["en", "ja", "ko", "ru", "zh-hans", "ar"]

    assert [one for one in known if in_language(text, one, known)] == [language]


def test_a_few_words_are_given_the_benefit_of_the_doubt():
    assert in_language("Stahl, 750 ml", "en", FOUR)
