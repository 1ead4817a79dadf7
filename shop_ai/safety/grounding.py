"""Whether a sentence says a fact and nothing beside it, by words, numbers and negations. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"(?:(?<![\w.,])[-−–])?\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_HAN = re.compile(r"[\u3400-\u9fff]")
_END = re.compile(r"[.!?…。！？][\"'”’」』）)]*$")

ANSWERS = frozenset({"yes", "no", "true", "false", "是", "否", "有", "无"})
"""Values that answer the question that their fact is."""

# Words that join a fact to its product without claiming anything of their own.
GLUE = frozenset(
    """a all also an and are as at available be been both brand by can care comes contains designed
    each either every features find fit fits for from has have her high his hold holds in include
    included includes is it its just long made measures needs of offers on one only or
    please product set size sized so suitable takes tall that the their them these they this through
    to total up use used uses wash washed weighs weight when which while wide with you
    your
    """.split()
)
HAN_GLUE = frozenset("这款件个只条双套台采用由制成材质为的是有可选来自请以和与及其具备配带约达在中使")
"""The same in Chinese, by character."""
_HAN_CLAUSE = re.compile(r"[,.:;!?，。：；！？、]")
_HAN_VERBS = tuple(
    (re.compile(key), re.compile(verb))
    for key, verb in (
        (r".*(?:材质|材料|面料|成分).*", r"采用|制成|制作"),
        (r"品牌|牌子|制造商|厂家", r"来自|出自|出品"),
        (r".*(?:颜色|色)", r"可选"),
        (r"洗涤|洗护|保养.*", r"请"),
        (r".*容量", r"可容纳|能装"),
    )
)
"""Facts that a sentence may state without their name, by these words."""
_NOT = re.compile(
    r"\b(?:not?|non|without|never|none|cannot|free|n[o']t)\b|n't\b|[不无非未没勿]", re.IGNORECASE
)
_BOUND = re.compile(
    r"\b(up to|at least|at most|more than|less than|under|over|maximum|minimum)\b", re.IGNORECASE
)
_MATERIAL = re.compile(
    r"materials?|made|fabric|composition|upper|lining|filling|shell|construction", re.IGNORECASE
)
_VARIANTS = re.compile(
    r"colou?rs?|sizes?|finish|pack|versions?|options?|flavou?rs?|scents?|styles?", re.IGNORECASE
)
_BRAND = re.compile(r"brand|maker|manufacturer", re.IGNORECASE)
_WHOLE = re.compile(
    r"brand|colou?r|finish|care|washing|size|dimension|measure|weigh|length|width|height|depth|diameter|capacity|volume"
    r"|power|warranty|guarantee|load|type|kind|origin|country|pack|included|age|style|pattern|features?",
    re.IGNORECASE,
)
"""What is said of the whole product, so that the sentence may leave its name out: "weighs 3 kg"."""
_SIZES = re.compile(r"sizes?|sized|dimensions?|measure", re.IGNORECASE)
_POINTS = re.compile(r"features?|details?|highlights?", re.IGNORECASE)
_KINDS = re.compile(r"\b(?:type|kind|category|form|style)s?\b", re.IGNORECASE)
_IS = re.compile(r"\b(?:is|are)\b(.*)", re.DOTALL)
_SUBJECT = re.compile(
    r"^(?:The|This|Your)\s+((?:[^\W\d_][\w'’+-]*\s+){1,6}?)(?:is|are|has|have|comes?|can|weighs?|holds?|made)\b"
)


def numbers(text: str) -> set[str]:
    """Numbers as written, with their sign, without thousands separators."""
    return {
        found.replace(",", "") if "," in found and "." not in found else found
        for found in (match.replace("−", "-").replace("–", "-") for match in _NUMBER.findall(text))
    }


def words(text: str) -> set[str]:
    return {found.lower().removesuffix("'s").removesuffix("’s") for found in _WORD.findall(text)}


def ends(text: str) -> bool:
    """Whether the last sentence is whole."""
    return bool(_END.search(text))


def holds(text: str, value: str) -> bool:
    """Whether every number and every word of the value, in this form or another, stands in the text."""
    told, wanted = words(text), words(value) - GLUE
    han = set(_HAN.findall(value))
    latin = [word for word in wanted if not _HAN.search(word)]
    return (
        numbers(value) <= numbers(text)
        and han <= set(_HAN.findall(text))
        and all(_has(told, word) for word in latin)
    )


def says(sentence: str, fact: str, context: Iterable[str] = ()) -> bool:
    """Whether the sentence states the fact ("Weight: 310 g") and no word or number beyond it.

    `context` holds texts whose words may appear too: the product's name, its brand.
    """
    context = [one for one in context if one]
    key, _, value = fact.replace("：", ":").partition(":")
    bare = _without(sentence, context)
    plain = value.strip().lower()
    if plain in ANSWERS:
        return False  # no sentence holds the word; one that leaves it out cannot be told from its opposite
    if "\n" in sentence or any(sentence.lower().count(one.lower()) > 1 for one in context):
        return False  # a list, or one that goes round in circles
    if not ends(sentence) or not _same_numbers(bare, sentence, fact):
        return False
    if bool(_NOT.search(bare)) != bool(_NOT.search(value)):
        return False
    if _HAN.search(fact):
        return _says_han(sentence, key, value, context)
    return (
        _bounds(bare) == _bounds(value)
        and _fits(sentence, bare, key, value, context)
        and _states(_without(sentence, (one for one in context if one.lower() != plain)), key, value)
        and _covers(sentence, key, value, context)
    )


def _same_numbers(bare: str, sentence: str, fact: str) -> bool:
    return numbers(fact) <= numbers(sentence) and numbers(bare) <= numbers(fact)


def _bounds(text: str) -> set[str]:
    return {found.lower() for found in _BOUND.findall(text)}


def _fits(sentence: str, bare: str, key: str, value: str, context: list[str]) -> bool:
    """Whether the sentence has a form in which such a fact can be true of this product."""
    told = words(bare)
    names_key = any(_has(told, word) for word in words(key) - GLUE)
    if not (_MATERIAL.search(key) or _names_before(sentence, "made of", key)):
        return False
    if _BRAND.fullmatch(key.strip()) and not _is_by(sentence, value.strip()):
        return False
    if _is_kind(sentence, key) or ({"size", "sized"} & told and not _SIZES.search(key)):
        return False  # "is a designer", "a 447 g size"
    if re.search(r"\ba (?:brand|type|kind) of\b|\bbrand\.$", sentence) or (
        "comes in" in sentence and not _VARIANTS.search(key)
    ):
        return False
    if re.fullmatch(r"\s*\d+\s*", value) and re.search(r"\ban? [a-z]+ of \d", bare):
        return False  # "a preset of 20"
    if _NOT.search(value) and not _key_first(bare, key):
        return False  # "the charger is not included", of its cable
    if not (names_key or _WHOLE.search(key) or _MATERIAL.search(key)):
        return False
    return _about(sentence, key, context[0] if context else "")


def _is_kind(sentence: str, key: str) -> bool:
    """Whether it makes the product what the fact is named: "is a designer", "is a 40-cm depth".

    Or what only one of its features is: "is a full zip". "Is a size 42" is English, "is a 40 cm size" is not.
    """
    if _KINDS.search(key):
        return False
    if _POINTS.search(key):
        return bool(re.search(r"\b(?:is|are) an? ", sentence))
    said = re.search(r"\b(?:is|are) an? (?!size\b)([^.]*)", sentence)
    return bool(said and words(said[1]) & (words(key) - (GLUE - {"size"})))


def _names_before(sentence: str, wording: str, key: str) -> bool:
    """Whether what is made of it is the part that the fact names: "the seat is made of", of a seat."""
    before, found, _ = sentence.partition(wording)
    return not found or any(_has(words(before), word) for word in words(key) - GLUE)


def _is_by(sentence: str, brand: str) -> bool:
    """Whether it says who made it: "by Hollin", "a Hollin stool", and not "is Hollin"."""
    name = re.escape(brand)
    return bool(re.search(rf"\b(?:by|from) {name}|\ban? {name} \w|\bbrand .*\bis {name}\b", sentence))


def _key_first(bare: str, key: str) -> bool:
    said = _NOT.search(bare)
    before = words(bare[: said.start()]) if said else set()
    return any(_has(before, word) for word in words(key) - GLUE)


def _about(sentence: str, key: str, name: str) -> bool:
    """Whether the subject, where it is named, is the product or the part that the fact names.

    The first word of a name alone tells what it is for ("puppy" of "Puppy Food"), not what it is.
    """
    found = _SUBJECT.match(sentence)
    if not found:
        return True
    subject, named = words(found[1]), [word.lower() for word in _WORD.findall(name)]
    if not name or subject & words(key):
        return True
    return bool(subject & set(named[1:])) or (len(named) == 1 and named[0] in subject)


def _states(own: str, key: str, value: str) -> bool:
    """Whether all words of the value are said, beside the product's name, and what "is" is value or fact.

    Not so "the 28 cm diameter of the pan is carbon steel".
    """
    told, wanted = words(own), words(value) - GLUE
    if not all(_has(told, word) for word in wanted):
        return False
    said = _IS.search(own)
    stated = wanted | (words(key) - GLUE)
    return not said or bool(
        numbers(value) & numbers(said[1]) or any(_has(words(said[1]), word) for word in stated)
    )


def _covers(sentence: str, key: str, value: str, context: list[str]) -> bool:
    """Whether no word is said beyond key, value and what is known of the product."""
    told = words(sentence)
    known = words(f"{key} {value} {' '.join(context)}")
    return all(_has(known, word) for word in told - GLUE - {"not", "no", "without", "under", "over"})


def _without(sentence: str, context: Iterable[str]) -> str:
    """The sentence with the product's own name taken out: its numbers claim nothing new."""
    for name in context:
        sentence = re.sub(re.escape(name), " ", sentence, flags=re.IGNORECASE)
    return sentence


def _says_han(sentence: str, key: str, value: str, context: list[str]) -> bool:
    """Chinese has no blanks: the value stands there as it is, and hardly another character.

    What it is said to be is named, too: "外套有英伦" says of "风格: 英伦" nothing that one could read.
    """
    value, key = "".join(value.split()), "".join(key.split())
    rest = "".join(sentence.split())
    if value not in rest:
        return False
    rest = rest.replace(value, "", 1).rstrip("。.!！")
    named = key in rest or any(of.fullmatch(key) and verb.search(rest) for of, verb in _HAN_VERBS)
    said = set(_HAN.findall(rest))
    return (
        named
        and rest.count(key) <= 1
        and not _HAN_CLAUSE.search(rest)
        and said <= set(key) | set("".join(context)) | HAN_GLUE
    )


_ENDINGS = ("", "s", "es", "d", "ed", "ing", "en", "n", "y")


def _has(among: set[str], word: str) -> bool:
    """The word itself or another form of it ("oil", "oiled"), which says no more than it does."""
    return word in among or any(_related(other, word) for other in among)


def _related(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if len(short) < 3:
        return False
    stems = {short, short.removesuffix("e"), short.removesuffix("y") + "i", short + short[-1]}
    return any(long == stem + ending for stem in stems for ending in _ENDINGS)
