"""Numbers as people write them: 1,600, 1 1/2, ½, "two and a half", 一百二十, 半, 百分之五十."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from shop_ai.safety.claims.wordlists import table


@dataclass(frozen=True, slots=True)
class Number:
    start: int
    end: int
    value: float
    decimals: int = 0
    words: bool = False
    """Written in words, so that it may be no number at all ("one of")."""
    percent: bool = False


_SIGNS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3, "⅛": 0.125}
_DIGITS = re.compile(
    r"(?<![A-Za-z0-9.,])(?<![A-Za-z]{2}-)(?<![\s(][A-Z]-)(?:"
    r"(?P<whole>\d+)(?:\s+|-)(?P<over>\d)/(?P<under>2|3|4|8|16|32)(?!\d)"
    r"|(?P<top>\d{1,2})/(?P<bottom>2|3|4|8|16|32|64)(?![\d/])"
    r"|(?P<plain>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+,\d{1,2}(?!\d)|\d+(?:\.\d+)?)(?P<sign>\s?[½¼¾⅓⅔⅛])?"
    r"|(?P<alone>[½¼¾⅓⅔⅛])"
    r")(?P<myriad>\s?[万千](?![克瓦米卡赫帕]))?"
)
_HAN_DIGIT = "零〇一二两三四五六七八九十百千万亿"
_HAN = re.compile(rf"(?<![第\d{_HAN_DIGIT}])(?:百分之?)?(?:[{_HAN_DIGIT}]+(?:点[{_HAN_DIGIT}]+)?|半)")


def numbers(text: str) -> list[Number]:
    """Every number of the text, in order."""
    found = [*_digits(text), *_english(text), *_chinese(text)]
    found.sort(key=lambda number: (number.start, -number.end))
    kept: list[Number] = []
    for number in found:
        if not kept or number.start >= kept[-1].end:
            kept.append(number)
    return kept


def _digits(text: str) -> Iterator[Number]:
    for match in _DIGITS.finditer(text):
        value, decimals = _value(match)
        if match["top"] and int(match["top"]) >= int(match["bottom"]):  # 160/220 are two numbers
            end = match.end("top")
            yield Number(match.start(), end, float(match["top"]))
            yield Number(match.start("bottom"), match.end(), float(match["bottom"]))
            continue
        if match["myriad"]:
            value *= 10_000 if "万" in match["myriad"] else 1000
        yield Number(match.start(), match.end(), value, decimals)


def _value(match: re.Match[str]) -> tuple[float, int]:
    if match["whole"]:
        return int(match["whole"]) + int(match["over"]) / int(match["under"]), 2
    if match["top"]:
        return int(match["top"]) / int(match["bottom"]), 2
    if match["alone"]:
        return _SIGNS[match["alone"]], 2
    written = match["plain"]
    if re.fullmatch(r"\d+,\d{1,2}", written):
        written = written.replace(",", ".")
    written = written.replace(",", "")
    extra = _SIGNS[match["sign"].strip()] if match["sign"] else 0.0
    return float(written) + extra, len(written.partition(".")[2])


@lru_cache(maxsize=1)
def _english_pattern() -> re.Pattern[str]:
    listed = table("numerals")
    word = "|".join(sorted(listed["english"], key=len, reverse=True))
    gap = r"(?:[\s-]+(?:and[\s-]+)?)"
    return re.compile(
        rf"\b(?:(?P<whole>(?:{word}|(?<=\ba )(?:hundred|thousand|dozen))(?:{gap}(?:{word}))*)"
        rf"(?P<more>[\s-]+and[\s-]+an?[\s-]+(?:half|quarter))?|(?P<half>half|quarter|three[\s-]quarters?))\b",
        re.IGNORECASE,
    )


def _english(text: str) -> Iterator[Number]:
    for match in _english_pattern().finditer(text):
        if match["half"]:
            low = match["half"].lower()
            value = 0.75 if low.startswith("three") else 0.5 if low == "half" else 0.25
            rest = re.match(r"(?:[\s-]+of)?[\s-]+an?[\s-]+", text[match.end() :])
            yield Number(match.start(), match.end() + (rest.end() if rest else 0), value, 2, words=True)
            continue
        value = _spoken(match["whole"])
        if match["more"]:
            value += 0.5 if match["more"].endswith("half") else 0.25
        yield Number(match.start(), match.end(), value, 1 if match["more"] else 0, words=True)


def _spoken(words: str) -> float:
    known = table("numerals")["english"]
    total, current = 0.0, 0.0
    for word in re.findall(r"[a-z]+", words.lower()):
        value = known.get(word)
        if value is None:
            continue
        if value >= 1000:
            total, current = total + max(current, 1) * value, 0.0
        elif value == 100 or word == "dozen":
            current = max(current, 1) * value
        else:
            current += value
    return total + current


def _chinese(text: str) -> Iterator[Number]:
    for match in _HAN.finditer(text):
        written = re.sub("^百分之?", "", match.group())
        percent = written != match.group()
        value = 0.5 if written == "半" else _read_han(written)
        if value is not None:
            decimals = len(written.partition("点")[2])
            yield Number(match.start(), match.end(), value, decimals or 0, words=True, percent=percent)


def _read_han(written: str) -> float | None:
    known = table("numerals")["chinese"]
    whole, _, part = written.partition("点")
    total, section, digit = 0.0, 0.0, 0.0
    for character in whole:
        value = known[character]
        if value >= 10_000:
            total, section, digit = (total + max(section + digit, 1)) * value, 0.0, 0.0
        elif value >= 10:
            section, digit = section + max(digit, 1) * value, 0.0
        else:
            digit = digit * 10 + value
    found: float = total + section + digit
    return found + float("0." + "".join(str(known[c]) for c in part)) if part else found
