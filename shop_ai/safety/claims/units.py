"""Units by dimension, converted to one base each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from shop_ai.safety.claims.lexicon import split
from shop_ai.safety.claims.wordlists import table

MONEY = frozenset({"USD", "EUR", "GBP", "CNY", "SAR", "JPY", "CHF", "CAD", "AUD", "INR"})
SIZES = frozenset({"length", "mass", "volume", "area"})


@dataclass(frozen=True, slots=True)
class Unit:
    dimension: str
    name: str
    factor: float

    def base(self, value: float) -> float:
        """The value in the base unit of its dimension."""
        return (value - 32) / 1.8 if self.name == "F" else value * self.factor

    def back(self, value: float) -> float:
        """A value in the base unit, in this one."""
        return value * 1.8 + 32 if self.name == "F" else value / self.factor


@lru_cache(maxsize=1)
def _forms() -> dict[str, list[Unit]]:
    found: dict[str, list[Unit]] = {}
    for dimension, units in table("units").items():
        for name, (factor, wordings) in units.items():
            for wording in split(wordings):
                found.setdefault(wording, []).append(Unit(dimension, name, float(factor)))
    return found


@lru_cache(maxsize=1)
def _after() -> re.Pattern[str]:
    wordings = sorted(_forms(), key=len, reverse=True)
    parts = [_pattern(wording) for wording in wordings]
    return re.compile(rf"[\s\u00a0]?[-‑]?(?P<unit>{'|'.join(parts)})")


def _pattern(wording: str) -> str:
    body = re.escape(wording).replace(r"\ ", r"[\s-]+")
    if not wording[-1].isascii() or not wording[-1].isalnum():
        return body
    loose = len(wording) > 1 and wording.islower()
    return rf"(?i:{body})(?![A-Za-z²³])" if loose else rf"{body}(?![A-Za-z²³])"


_BEFORE = re.compile(r"(?P<unit>US\$|C\$|A\$|[$€£¥￥₹]|EUR|USD|GBP|CNY|RMB|SAR|CHF|CAD|AUD|INR|JPY)\s?$")
_INCH = re.compile(r"[\s-]?in(?=\s*(?:[x×,;)]|$))")


def unit_after(text: str, at: int) -> tuple[tuple[Unit, ...], int]:
    """The units a number's next word may be, and where it ends."""
    match = _after().match(text, at)
    if match is None:
        inch = _INCH.match(text, at)
        return (tuple(_forms()["inch"]), inch.end()) if inch else ((), at)
    wording = match["unit"]
    key = wording if wording in _forms() else re.sub(r"[\s-]+", " ", wording)
    units = _forms().get(key) or _forms().get(key.lower(), [])
    return tuple(units), match.end()


def currency_before(text: str, at: int) -> tuple[tuple[Unit, ...], int]:
    """The currency that stands before a number, and where it begins."""
    match = _BEFORE.search(text[max(0, at - 5) : at])
    if match is None:
        return (), at
    return tuple(_forms()[match["unit"]]), at - len(match.group())


def units_in(text: str) -> tuple[Unit, ...]:
    """A unit that a fact's name tells: `Weight (g)`, `Height in cm`, 尺寸(mm)."""
    units, end = unit_after(f" {text.strip()}", 0)
    if units and text.isupper() and end == len(text.strip()) + 1:
        return units  # GSM, DPI
    for match in re.finditer(r"[(（\[]([^)）\]]+)[)）\]]|\b(?:in|,)\s+(\S+)$", text):
        units, _ = unit_after(f" {(match[1] or match[2]).strip()}", 0)
        if units:
            return units
    return ()
