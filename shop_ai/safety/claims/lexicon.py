"""What words mean: concepts by their wordings in both languages, and what follows from each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from shop_ai.safety.claims.claim import Kind
from shop_ai.safety.claims.tokens import Token, tokens
from shop_ai.safety.claims.wordlists import table

FILES = ("materials", "colours", "certifications", "places", "health", "praise", "absolutes", "features")


@dataclass(frozen=True, slots=True)
class Concept:
    """What a wording stands for; `sign` is -1 where the wording itself denies ("unscented")."""

    name: str
    kind: Kind
    sign: int = 1


@dataclass(frozen=True, slots=True)
class Hit:
    """Tokens `first` up to `last` (not included) are a wording of these concepts; none: it claims nothing."""

    first: int
    last: int
    concepts: tuple[Concept, ...]


@dataclass(frozen=True, slots=True)
class _Form:
    bases: tuple[str, ...]
    capitals: tuple[bool, ...]
    concepts: tuple[Concept, ...]

    def fits(self, at: Sequence[Token]) -> bool:
        return all(
            token.base == base and (not capital or token.capital)
            for token, base, capital in zip(at, self.bases, self.capitals, strict=True)
        )


class Phrases:
    """Wordings, the longest found first."""

    def __init__(self, forms: Iterable[tuple[str, Concept | None]]) -> None:
        merged: dict[tuple[tuple[str, ...], tuple[bool, ...]], list[Concept]] = {}
        for text, concept in forms:
            cut = tokens(text)
            if cut:
                key = tuple(token.base for token in cut), tuple(_needs_capital(token.text) for token in cut)
                merged.setdefault(key, []).extend([concept] if concept else [])
        self._by_first: dict[str, list[_Form]] = {}
        for (bases, capitals), concepts in merged.items():
            self._by_first.setdefault(bases[0], []).append(_Form(bases, capitals, tuple(concepts)))
        for listed in self._by_first.values():
            listed.sort(key=lambda form: -len(form.bases))

    def at(self, cut: Sequence[Token], index: int) -> Hit | None:
        """The longest wording that begins here."""
        for form in self._by_first.get(cut[index].base, ()):
            end = index + len(form.bases)
            if end <= len(cut) and form.fits(cut[index:end]):
                return Hit(index, end, form.concepts)
        return None

    def find(self, cut: Sequence[Token]) -> Iterator[Hit]:
        index = 0
        while index < len(cut):
            hit = self.at(cut, index)
            if hit is not None:
                yield hit
            index = hit.last if hit else index + 1


def _needs_capital(word: str) -> bool:
    """Whether a small letter makes it another word: Turkey, LED."""
    return word[:1].isupper() and (word[1:2].islower() or len(word) <= 3)


def split(listed: str) -> list[str]:
    return [part.strip() for part in listed.split("|") if part.strip()]


def _sections() -> Iterator[tuple[Kind, Mapping[str, str]]]:
    for name in FILES:
        listed = table(name)
        yield Kind(listed["kind"]), listed["forms"]
    for section in table("terms")["lists"]:
        yield Kind(section["kind"]), section["forms"]


def _forms() -> Iterator[tuple[str, Concept | None]]:
    for kind, listed in _sections():
        for name, wordings in listed.items():
            concept = Concept(name.removeprefix("-"), kind, -1 if name.startswith("-") else 1)
            yield from ((wording, concept) for wording in split(wordings))
    yield from ((phrase, None) for phrase in table("plain_en")["phrases"])
    yield from ((word, None) for word in table("plain_zh")["words"].split() if len(word) > 1)


@lru_cache(maxsize=1)
def phrases() -> Phrases:
    """Every wording of a concept, and turns of phrase that claim nothing."""
    return Phrases(_forms())


@lru_cache(maxsize=1)
def _links() -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {"implies": {}, "excludes": {}}
    for name in FILES:
        for link, known in found.items():
            for concept, others in table(name).get(link, {}).items():
                known[concept] = (*known.get(concept, ()), *split(others))
    return found


@lru_cache(maxsize=4096)
def implied(name: str) -> frozenset[str]:
    """The concept and all that is true where it is."""
    found, ahead = {name}, [name]
    while ahead:
        for other in _links()["implies"].get(ahead.pop(), ()):
            if other not in found:
                found.add(other)
                ahead.append(other)
    return frozenset(found)


def excluded(name: str) -> frozenset[str]:
    """What cannot be true where the concept is."""
    return frozenset(_links()["excludes"].get(name, ()))


@lru_cache(maxsize=2)
def _english(name: str) -> frozenset[str]:
    words = tokens(table("plain_en")[name])
    return frozenset({token.base for token in words} | {token.stem for token in words})


def is_plain(token: Token) -> bool:
    """Whether the word claims nothing by itself."""
    return token.base in _english("words") or token.stem in _english("words")


def is_goods(token: Token) -> bool:
    """Whether the word names a kind of product: the one described, or one that is said to come with it."""
    return token.base in _english("goods")
