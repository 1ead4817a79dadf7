"""What a text denies: for each token 1 or -1. "No PVC or latex", "BPA-free", 不含酒精、香精."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any

from shop_ai.safety.claims.lexicon import Hit
from shop_ai.safety.claims.tokens import Sort, Token, tokens
from shop_ai.safety.claims.wordlists import table

REACH = 6
"""How many words "no" and "without" deny at most."""
BARE = 4
"""How many characters a bare 不 or 无 denies."""
CUES = ("clause", "things", "han", "han_bare", "han_after")


@lru_cache(maxsize=1)
def _cues() -> dict[str, Any]:
    listed = table("negation")
    cut = {
        name: sorted((tuple(t.base for t in tokens(cue)) for cue in listed[name]), key=len, reverse=True)
        for name in CUES
    }
    single = {name: frozenset(listed[name]) for name in ("ends", "after", "not_after")}
    single["harms"] = frozenset(token.stem for token in tokens(" ".join(listed["harms"])))
    single["whole"] = frozenset(token.base for token in tokens(" ".join(listed["whole"])))
    return {**cut, **single}


def signs(cut: Sequence[Token], ignored: Collection[int] = ()) -> list[int]:
    """The sign of each token. Those `ignored` deny nothing: "not only", 不锈钢."""
    found = [1] * len(cut)
    for index in range(len(cut)):
        if index not in ignored:
            for first, last in _denied(cut, index):
                found[first:last] = [-1] * max(0, last - first)
    return found


def _denied(cut: Sequence[Token], index: int) -> Iterator[tuple[int, int]]:
    """What a cue at this token denies."""
    if size := _cue(cut, index, "clause"):
        begin = index + size
        yield begin, _clause(cut, begin)
        if any(token.base in _cues()["whole"] for token in cut[begin : begin + 2]):
            yield _clause_begin(cut, index), index
    if size := _cue(cut, index, "things"):
        yield index + size, _things(cut, index + size)
    if _cue(cut, index, "han"):
        yield index + 1, _han(cut, index + 1, len(cut))
    elif _cue(cut, index, "han_bare"):
        yield index + 1, _han(cut, index + 1, BARE)
    yield from _before(cut, index)


def read(cut: Sequence[Token], hits: Sequence[Hit], names: Collection[int] = ()) -> list[int]:
    """The sign of each token, where turns of phrase, the insides of wordings and names deny nothing."""
    ignored = set(names)
    for hit in hits:
        bases = tuple(token.base for token in cut[hit.first : hit.last])
        denial = any(bases in _cues()[name] for name in CUES)
        if not denial and (not hit.concepts or hit.last - hit.first > 1):
            ignored.update(range(hit.first, hit.last))
    return signs(cut, ignored)


def _cue(cut: Sequence[Token], index: int, name: str) -> int:
    """How many tokens of a cue begin here."""
    for bases in _cues()[name]:
        if tuple(token.base for token in cut[index : index + len(bases)]) == bases:
            return len(bases)
    return 0


def _clause_begin(cut: Sequence[Token], index: int) -> int:
    if index and cut[index - 1].text == ",":  # "the lid is sold apart, not included"
        index -= 1
    while index and not cut[index - 1].breaks and cut[index - 1].base not in ("and", "but", "which", "that"):
        index -= 1
    return index


def _clause(cut: Sequence[Token], begin: int) -> int:
    """To the end of the clause; where a harm is denied, only the harm."""
    end = begin
    while end < len(cut) and not cut[end].breaks and cut[end].base != "but":
        if cut[end].stem in _cues()["harms"]:
            return end + 1
        end += 1
    return end


def _things(cut: Sequence[Token], begin: int) -> int:
    """To the end of the things named; a comma carries on only in a list: "no PVC, latex or wool"."""
    end = begin
    while end < len(cut) and end - begin < REACH:
        token = cut[end]
        if token.text == "," and _list_goes_on(cut, end):
            end += 1
            continue
        if token.breaks or token.base in _cues()["ends"]:
            break
        end += 1
    return end


def _list_goes_on(cut: Sequence[Token], comma: int) -> bool:
    for offset, token in enumerate(cut[comma + 1 : comma + 5]):
        if token.breaks and token.text != ",":
            return False
        if token.base in ("or", "nor", "and"):
            following = cut[comma + offset + 2 : comma + offset + 3]
            return offset > 0 and not any(t.base in ("a", "an", "the", *_cues()["ends"]) for t in following)
    return False


def _han(cut: Sequence[Token], begin: int, reach: int) -> int:
    """To the end of the clause, or so many characters; 、 carries on."""
    end = begin
    while end < len(cut) and (not cut[end].breaks or cut[end].text == "、"):
        if cut[end].text in ("而", "但") or end - begin >= reach:
            break
        reach = reach + BARE + 1 if cut[end].text == "、" else reach
        end += 1
    return end


def _before(cut: Sequence[Token], index: int) -> Iterator[tuple[int, int]]:
    """ "BPA-free", 蔗糖0添加: the denial follows the thing."""
    following = cut[index + 1].base if index + 1 < len(cut) else ""
    if cut[index].base in _cues()["after"] and following not in _cues()["not_after"]:
        word = index and cut[index - 1].sort is Sort.WORD
        joined = index > 1 and cut[index - 1].base in ("and", "or")
        yield (index - 2 if joined else index - 1 if word else index), index
    if _cue(cut, index, "han_after"):
        begin = index
        while begin and not cut[begin - 1].breaks:
            begin -= 1
        yield begin, index
