"""Whether a sentence says a fact and nothing beside it, by words and numbers. Pure; no language model."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_HAN = re.compile(r"[\u3400-\u9fff]")

# Words that join a fact to its product without claiming anything of their own.
GLUE = frozenset(
    """a all also an and are as at available be been both brand by can care comes contains designed
    each either every features fit fits for from has have her high his hold holds in include
    included includes is it its just long made measures more needs not of offers on one only or
    please product set size sized so suitable takes tall that the their them these they this through
    to total under up use used uses wash washed weighs weight when which while wide with without you
    your
    """.split()
)
# A product is made of a material, never of one of these.
_NO_MATERIAL = re.compile(
    r"brand|colou?r|care|size|weight|length|width|height|depth|diameter|capacity|power|warranty|battery|pack",
    re.IGNORECASE,
)


def numbers(text: str) -> set[str]:
    """Numbers as written, without thousands separators."""
    return {
        found.replace(",", "") if "," in found and "." not in found else found
        for found in _NUMBER.findall(text)
    }


def words(text: str) -> set[str]:
    return {found.lower().removesuffix("'s").removesuffix("’s") for found in _WORD.findall(text)}


def says(sentence: str, fact: str, context: Iterable[str] = ()) -> bool:
    """Whether the sentence states the fact ("Weight: 310 g") and no word or number beyond it.

    `context` holds texts whose words may appear too: the product's name, its brand.
    """
    around = " ".join(context)
    bare = _without(sentence, context)
    if not numbers(fact) <= numbers(sentence) or not numbers(bare) <= numbers(fact):
        return False
    if _HAN.search(fact):
        return _says_han(sentence, fact)
    if "made of" in sentence and _NO_MATERIAL.search(fact.partition(":")[0]):
        return False
    value = fact.partition(":")[2]
    told, wanted = words(sentence), words(value) - GLUE
    if not all(_has(told, word) for word in wanted):
        return False
    known = words(f"{fact} {around}")
    return all(_has(known, word) for word in told - GLUE)


def _without(sentence: str, context: Iterable[str]) -> str:
    """The sentence with the product's own name taken out: its numbers claim nothing new."""
    for name in filter(None, context):
        sentence = re.sub(re.escape(name), " ", sentence, flags=re.IGNORECASE)
    return sentence


def _says_han(sentence: str, fact: str) -> bool:
    """Chinese has no blanks: every character of the value must be said."""
    value = fact.replace("：", ":").partition(":")[2]
    return set(_HAN.findall(value)) <= set(_HAN.findall(sentence))


def _has(among: set[str], word: str) -> bool:
    """The word itself, or another form of it ("oil", "oiled"; "watt", "W")."""
    if word in among:
        return True
    stem = word[: max(4, len(word) - 2)]
    return len(word) > 3 and any(_related(other, word, stem) for other in among)


def _related(other: str, word: str, stem: str) -> bool:
    return other.startswith(stem) or (len(other) > 3 and word.startswith(other))
