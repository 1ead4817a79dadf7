"""Which language a text is in: by its script first, then by py3langid where that is installed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
HAN_SHARE = 0.3
"""Of the letters: brands and measures of a Chinese text stay in Latin ones."""


def primary(language: str) -> str:
    """ "zh" of "zh-hans"."""
    return language.lower().replace("_", "-").partition("-")[0]


def in_language(text: str, language: str, known: Iterable[str] = ()) -> bool:
    """Whether the text is in that language, and in none of the others that are `known`."""
    letters = _LETTER.findall(text)
    if not letters:
        return False
    han = len(_HAN.findall(text)) / len(letters) >= HAN_SHARE
    wanted = primary(language)
    if han or wanted == "zh":
        return han and wanted == "zh"
    return _guessed(text, wanted, frozenset(map(primary, known))) == wanted


def _guessed(text: str, wanted: str, known: frozenset[str]) -> str:
    identifier = _identifier(known | {wanted})
    return str(identifier.classify(text)[0]) if identifier else wanted


@lru_cache(maxsize=8)
def _identifier(languages: frozenset[str]) -> Any:
    """None without py3langid, which needs numpy: the web process decides by script alone."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        return None
    identifier = LanguageIdentifier.from_pickled_model(MODEL_FILE)
    identifier.set_languages(sorted(languages))
    return identifier
