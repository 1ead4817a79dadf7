"""What EditorJS keeps, as text."""

from __future__ import annotations

import json

import pytest

from shop_ai.roles.editorjs import text_of

DOCUMENT = {
    "time": 1,
    "blocks": [
        {"type": "header", "data": {"text": "The <b>stool</b>", "level": 2}},
        {"type": "paragraph", "data": {"text": "Made of oak &amp; ash."}},
        {
            "type": "list",
            "data": {
                "style": "unordered",
                "items": ["one", {"content": "two", "items": [{"content": "three"}]}],
            },
        },
        {"type": "table", "data": {"content": [["Height", "45 cm"]]}},
        {"type": "image", "data": {"file": {"url": "x"}, "caption": "In a kitchen"}},
        {"type": "delimiter", "data": {}},
        "odd",
    ],
}
TEXT = "The stool\n\nMade of oak & ash.\n\none\ntwo\nthree\n\nHeight\n45 cm\n\nIn a kitchen"


@pytest.mark.parametrize("kept", [DOCUMENT, json.dumps(DOCUMENT)])
def test_a_document_is_its_words(kept):
    assert text_of(kept) == TEXT


@pytest.mark.parametrize(
    ("kept", "text"), [("plain words", "plain words"), (None, ""), ("{}", "{}"), ('{"blocks": []}', "")]
)
def test_what_is_no_document(kept, text):
    assert text_of(kept) == text
