"""Which language a text is in: by its script; among those of one script by py3langid, if installed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

LATIN, HAN = "latin", "han"
_SCRIPTS = {
    HAN: re.compile(r"[\u3400-\u9fff]"),
    "kana": re.compile(r"[\u3040-\u30ff]"),
    "hangul": re.compile(r"[\uac00-\ud7af]"),
    "cyrillic": re.compile(r"[\u0400-\u04ff]"),
    "greek": re.compile(r"[\u0370-\u03ff]"),
    "arabic": re.compile(r"[\u0600-\u06ff]"),
    "hebrew": re.compile(r"[\u0590-\u05ff]"),
    "devanagari": re.compile(r"[\u0900-\u097f]"),
    "thai": re.compile(r"[\u0e00-\u0e7f]"),
}
_WRITTEN_IN = {
    **dict.fromkeys(("zh",), HAN),
    **dict.fromkeys(("ja",), "kana"),
    **dict.fromkeys(("ko",), "hangul"),
    **dict.fromkeys(("ru", "uk", "be", "bg", "mk", "kk", "mn"), "cyrillic"),
    **dict.fromkeys(("el",), "greek"),
    **dict.fromkeys(("ar", "fa", "ur"), "arabic"),
    **dict.fromkeys(("he",), "hebrew"),
    **dict.fromkeys(("hi", "mr", "ne"), "devanagari"),
    **dict.fromkeys(("th",), "thai"),
}
"""All others are written in Latin letters."""
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]{2,}")
SHARE = 0.3
"""Of the letters: brands and measures of a Chinese text stay in Latin ones."""
FEWEST = 4
"""Words from which a guess among languages of one script is worth something."""


def primary(language: str) -> str:
    """ "zh" of "zh-hans"."""
    return language.lower().replace("_", "-").partition("-")[0]


def in_language(text: str, language: str, known: Iterable[str] = ()) -> bool:
    """Whether the text is in that language, and in none of the others that are `known`."""
    wanted = primary(language)
    script = _WRITTEN_IN.get(wanted, LATIN)
    if script not in _scripts(text):
        return False
    alike = frozenset(one for one in map(primary, known) if _WRITTEN_IN.get(one, LATIN) == script)
    if not alike - {wanted} or len(_WORD.findall(text)) < FEWEST:
        return True
    identifier = _identifier(alike | {wanted})
    return identifier is None or str(identifier.classify(text)[0]) == wanted


def _scripts(text: str) -> set[str]:
    """The script that most of the letters are of; another than Latin already where it has a fair share."""
    letters = _LETTER.findall(text)
    if not letters:
        return set()
    found = Counter({name: len(pattern.findall(text)) for name, pattern in _SCRIPTS.items()})
    others = {name for name, number in found.items() if number / len(letters) >= SHARE}
    if "kana" in others or found["kana"] / len(letters) > 0.05:
        return {"kana"}  # Japanese has Han characters, too
    return others or {LATIN}


@lru_cache(maxsize=8)
def _identifier(languages: frozenset[str]) -> Any:
    """None without py3langid, which needs numpy: the web process decides by script alone."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        return None
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(sorted(languages))
    return identifier
