"""What a text denies: for each token 1 or -1. "No PVC or latex", "BPA-free", 不含酒精、香精."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from shop_ai.safety.claims.lexicon import Hit
from shop_ai.safety.claims.tokens import Sort, Token, tokens
from shop_ai.safety.claims.wordlists import table

REACH = 6
"""How many words "no" and "without" deny at most."""


@lru_cache(maxsize=1)
def _cues() -> dict[str, Any]:
    listed = table("negation")
    cut = {
        name: sorted((tuple(t.base for t in tokens(cue)) for cue in listed[name]), key=len, reverse=True)
        for name in ("clause", "things", "han", "han_after")
    }
    single = {name: frozenset(listed[name]) for name in ("ends", "after", "not_after")}
    single["whole"] = frozenset(token.base for token in tokens(" ".join(listed["whole"])))
    return {**cut, **single}


def signs(cut: Sequence[Token], ignored: Collection[int] = ()) -> list[int]:
    """The sign of each token. Those `ignored` deny nothing: "not only", 不锈钢."""
    found = [1] * len(cut)
    for index in range(len(cut)):
        if index in ignored:
            continue
        for name, last in (("clause", _clause), ("things", _things), ("han", _han)):
            cue = _cue(cut, index, name)
            if cue:
                begin = index + (1 if name == "han" else cue)
                end = last(cut, begin)
                found[begin:end] = [-1] * max(0, end - begin)
                if name == "clause" and any(
                    token.base in _cues()["whole"] for token in cut[begin : begin + 2]
                ):
                    first = _clause_begin(cut, index)
                    found[first:index] = [-1] * (index - first)
        _deny_before(cut, index, found)
    return found


def read(cut: Sequence[Token], hits: Sequence[Hit]) -> list[int]:
    """The sign of each token, where turns of phrase and the insides of wordings deny nothing."""
    ignored: set[int] = set()
    for hit in hits:
        bases = tuple(token.base for token in cut[hit.first : hit.last])
        denial = any(bases in _cues()[name] for name in ("clause", "things", "han", "han_after"))
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
    while index and not cut[index - 1].breaks and cut[index - 1].base not in ("and", "but", "which", "that"):
        index -= 1
    return index


def _clause(cut: Sequence[Token], begin: int) -> int:
    end = begin
    while end < len(cut) and not cut[end].breaks and cut[end].base != "but":
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


def _han(cut: Sequence[Token], begin: int) -> int:
    if begin and cut[begin - 1].sort is not Sort.HAN:
        return begin
    end = begin
    while end < len(cut) and (not cut[end].breaks or cut[end].text == "、"):
        if cut[end].text in ("而", "但"):
            break
        end += 1
    return end


def _deny_before(cut: Sequence[Token], index: int, found: list[int]) -> None:
    """ "BPA-free", 蔗糖0添加: the denial follows the thing."""
    cues = _cues()
    following = cut[index + 1].base if index + 1 < len(cut) else ""
    if cut[index].base in cues["after"] and following not in cues["not_after"]:
        begin = index - 1
        if begin >= 0 and cut[begin].sort is Sort.WORD:
            found[begin] = -1
        if begin >= 1 and cut[begin].base in ("and", "or"):
            found[begin - 1] = -1
    if _cue(cut, index, "han_after"):
        begin = index - 1
        while begin >= 0 and not cut[begin].breaks:
            found[begin] = -1
            begin -= 1
