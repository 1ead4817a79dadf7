"""A fact as a plain sentence, word for word: for where a language model finds none that is true. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from shop_ai.safety.claims.units import unit_after
from shop_ai.safety.grounding import ANSWERS

LONGEST = 200
"""Characters of a value that still make a sentence."""
LONGEST_POINT = 100
_ITEM = re.compile(r"\s*[;；\n•]+\s*")
_NEXT = re.compile(r"(?<=[a-z)%])\.\s+(?=[A-Z])|(?<=。)(?=.)")
DETAIL = {"en": "Details", "zh": "详情"}
"""What a further sentence of a value is said to be: "Cotton. Recyclable" is not made of "recyclable"."""
_NO = {"no", "false", "否", "无"}
_EMPTY = {"", "-", "–", "n/a", "none", "null"}
_HAN = re.compile(r"[\u3400-\u9fff]")
_DIGIT = re.compile(r"\s*(?:ca\.? |approx\.? |about |~)?\d")
_NAMED = re.compile(
    r"brand|maker|manufacturer|publisher|model|series|collection|isbn|(?:designer|author|artist|editor)s?",
    re.I,
)
_MEASURED = re.compile(
    r"(?:[^\W\d_]+[ -]){0,2}(?:size|dimensions|measurements|weight|length|width|height|depth|diameter"
    r"|thickness|capacity|volume|area|load|power|output|wattage|voltage|current|consumption|frequency|speed"
    r"|pressure|temperature|brightness|resolution|storage|memory|range|distance|life|time|age|angle)",
    re.I,
)
"""Facts of which "The X is V" is English: where V is a name, and where V is a measure."""
_MEASURE = re.compile(r"\s*(?:ca\.? |approx\.? |about |up to |~)?[-−]?\d[\d.,]*(?:\s*[x×*/–-]\s*\d[\d.,]*)*")
_POINTS = re.compile(
    r"(?:key )?(?:features?|details?|详情|highlights?|description|特点|特性|卖点|亮点|描述|商品描述)", re.I
)
"""Facts whose values are statements themselves."""

_SENTENCES: tuple[tuple[re.Pattern[str], bool, str], ...] = tuple(
    (re.compile(key, re.IGNORECASE), measured, sentence)
    for key, measured, sentence in (
        (r"made in|country of origin", False, "It is made in {value}."),
        (r"(?:main )?materials?|fabric|composition|made of", False, "It is made of {inner}."),
        (r"(?:available )?colou?rs?", False, "It comes in {inner}."),
        (r"warranty|guarantee", True, "It has a warranty of {value}."),
        (r"capacity|volume", True, "It holds {value}."),
        (r"(?:net |item |product )?weight", True, "It weighs {value}."),
        (r"height", True, "It is {value} high."),
        (r"width", True, "It is {value} wide."),
        (r"length", True, "It is {value} long."),
        (r"depth", True, "It is {value} deep."),
        (r"diameter", True, "It is {value} in diameter."),
        (r"compatible with", False, "It is compatible with {value}."),
    )
)
"""Name of the fact, whether its value must begin with a number, what is said."""


def items(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Facts one by one, a value of several parts as several facts: the first of each, then the second.

    Those that only say yes or no come last.
    """
    parts = [_parts(str(key), str(value)) for key, value in facts.items() if value is not None]
    longest = max(map(len, parts), default=0)
    dealt = [found[n] for n in range(longest) for found in parts if n < len(found)]
    yield from sorted(dealt, key=lambda fact: fact[1].lower() in ANSWERS)


def _parts(key: str, value: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for item in _ITEM.split(value):
        for number, part in enumerate(part.strip(" .,") for part in _NEXT.split(item)):
            if part.lower() not in _EMPTY:
                detail = DETAIL["zh" if _HAN.search(part) else "en"]
                found.append((detail if number else key, part))
    return found


def plainly(key: str, value: str) -> str:
    """The sentence, in the language of the fact; empty where the value is too long for one, or only a no."""
    key, value = key.strip(" :："), value.strip(" .,;。；，")
    if not key or not value or value.lower() in _NO or len(value) > LONGEST:
        return ""
    if _HAN.search(key) or (_HAN.search(value) and not re.search(r"[A-Za-z]{3}", key)):
        return f"{value}。" if _POINTS.fullmatch(key) else _han(key, value)
    return _english(key, value)


def point(key: str, value: str) -> str:
    """A fact as a point of a list, word for word; empty where the value is too long for one, or only a no."""
    key, value = key.strip(" :："), value.strip(" .,;。；，")
    if not key or not value or value.lower() in _NO or len(value) > LONGEST_POINT:
        return ""
    if value.lower() in ANSWERS:
        return _first_up(key)
    if _POINTS.fullmatch(key):
        return _first_up(value)
    return f"{key}：{value}" if _HAN.search(key) else f"{_first_up(key)}: {value}"


def _han(key: str, value: str) -> str:
    return f"{key}：{value}。" if value in ANSWERS else f"{key}为{value}。"


def _english(key: str, value: str) -> str:
    if value.lower() in ANSWERS:
        return f"{_first_up(key)}: {value.lower()}."
    for name, measured, sentence in _SENTENCES:
        if name.fullmatch(key) and (not measured or _DIGIT.match(value)):
            return sentence.format(value=value, inner=_inner(value))
    if _POINTS.fullmatch(key):
        return f"{_first_up(value)}."
    if _NAMED.fullmatch(key) or (_MEASURED.fullmatch(key) and _is_measure(value)):
        plural = key.lower().endswith("s") and not key.lower().endswith(("ss", "series"))
        return f"The {_inner(key)} {'are' if plural else 'is'} {value}."
    return f"{_first_up(key)}: {value}."


def _is_measure(value: str) -> bool:
    """Whether it begins with a number and its unit: "5 W", "36 × 12 cm"."""
    number = _MEASURE.match(value)
    return bool(number and unit_after(value, number.end())[0])


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def _inner(text: str) -> str:
    """As it stands inside a sentence: "Solid oak" begins small, "USB cable" and names do not."""
    first, _, rest = text.partition(" ")
    name = any(letter.isupper() for letter in first[1:]) or rest[:1].isupper()
    return text if name else first.lower() + (f" {rest}" if rest else "")
