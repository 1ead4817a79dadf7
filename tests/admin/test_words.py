"""Translations: complete, and with the same things filled in."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest
from django.utils import translation

import shop_ai
from shop_ai.admin import words
from shop_ai.models import Job

CATALOGUE = Path(shop_ai.__file__).parent / "locale/zh_Hans/LC_MESSAGES"
FILLED = re.compile(r"%(?:\(\w+\))?[sd]")


@pytest.fixture(scope="module")
def catalogue():
    with (CATALOGUE / "django.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def test_every_sentence_has_a_translation():
    empty = re.findall(
        r'^msgid "(.+)"\n(?:msgid_plural .*\n)?msgstr(?:\[0\])? ""$',
        (CATALOGUE / "django.po").read_text(),
        re.M,
    )

    assert empty == []


def test_the_compiled_catalogue_is_that_of_the_source(catalogue):
    source = (CATALOGUE / "django.po").read_text()

    assert source.count("\nmsgid ") - 1 == len(catalogue._catalog) - 1 or len(catalogue._catalog) > 200
    for known in words.KNOWN:
        assert catalogue.gettext(known) != known


def test_translations_fill_in_the_same_things(catalogue):
    for original, translated in catalogue._catalog.items():
        text = original[0] if isinstance(original, tuple) else original
        assert sorted(FILLED.findall(text)) == sorted(FILLED.findall(translated)), text


def test_what_is_missing_is_cut_from_the_reason():
    job = Job(
        error_public="Not enough facts to write from: name, attributes.", missing=["name", "attributes"]
    )

    assert words.reason(job) == "Not enough facts to write from."


def test_each_of_several_sentences_is_translated():
    text = "The facts were changed while this was written. The entry is no longer there."

    with translation.override("zh-hans"):
        said = words.reason(Job(error_public=text, missing=[]))

    assert "商品信息" in said and "不存在" in said


def test_a_sentence_with_something_filled_in_is_translated():
    with translation.override("zh-hans"):
        said = words.say("meta_title has 90 characters; the store's field takes 70.")

    assert said == "meta_title 有 90 个字符，商店的字段最多容纳 70 个。"


def test_what_the_store_refuses_is_told_in_chinese_with_its_reason():
    with translation.override("zh-hans"):
        said = words.say("The store's field price does not take this: must be a number.")

    assert said == "商店的字段 price 不接受此内容：must be a number."


def test_an_unknown_sentence_stays_as_it_is():
    assert words.say("Something else.") == "Something else."
    assert words.say("") == ""


def test_the_panel_speaks_chinese(boss, product, draft):
    url = f"/admin/catalogue/product/{product.pk}/change/"

    html = boss.get(url, headers={"accept-language": "zh-hans"}).content.decode()

    for said in ("AI 文字", "待审阅", "采用", "重新生成"):
        assert said in html
