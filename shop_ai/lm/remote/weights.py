"""From the probabilities of the first token to those of answers. Pure functions.

A server tells how likely some tokens are to come first. That weighs an answer of one token exactly, and a
longer one by how it begins, which is never too little. Where one answer begins with another, or the first
tokens say too little, each answer gets a letter, and the letters are weighed: exactly, but the question was
put in another way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from string import ascii_uppercase

from shop_ai.lm.base import Message, Segment

First = Sequence[tuple[str, float]]
LETTERS = ascii_uppercase


def apart(answers: Sequence[str]) -> bool:
    """Whether none of the answers begins with another one."""
    plain = [_plain(answer) for answer in answers]
    return all(
        one and not other.startswith(one)
        for number, one in enumerate(plain)
        for other in (*plain[:number], *plain[number + 1 :])
    )


def by_beginning(first: First, answers: Sequence[str]) -> tuple[float, ...]:
    """Probabilities of answers by tokens that only one can begin with; nothing where those are too few."""
    plain = [_plain(answer) for answer in answers]
    weights, unclear = [0.0] * len(answers), 0.0
    for token, probability in first:
        begun = [number for number, answer in enumerate(plain) if _begins(answer, token)]
        if len(begun) == 1:
            weights[begun[0]] += probability
        elif begun:
            unclear += probability
    return () if sum(weights) <= unclear else _shares(weights, first)


def by_letter(first: First, count: int) -> tuple[float, ...]:
    """Probabilities of the answers behind the letters; nothing where no letter is among the first tokens."""
    weights = [
        sum(p for token, p in first if token.strip(" \n().:*\"'") == letter) for letter in LETTERS[:count]
    ]
    return _shares(weights, first) if sum(weights) > 0 else ()


def lettered(messages: Sequence[Message], answers: Sequence[str]) -> tuple[Message, ...]:
    """The same question, to be answered by a letter."""
    lines = "".join(f"\n{letter}: {answer}" for letter, answer in zip(LETTERS, answers, strict=False))
    request = f"\n\nThe possible answers are:{lines}\n\nReply with the letter of the right answer only."
    *before, last = messages
    return (*before, replace(last, segments=(*last.segments, Segment(text=request))))


def _begins(answer: str, token: str) -> bool:
    return bool(_plain(token)) and answer.startswith(_plain(token))


def _plain(text: str) -> str:
    return text.strip().casefold()


def _shares(weights: Sequence[float], first: First) -> tuple[float, ...]:
    """Weights that sum to 1. What was not told weighs no more than the least of what was, so it gets that."""
    least = min((probability for _, probability in first), default=0.0)
    full = [weight or least for weight in weights]
    return tuple(weight / sum(full) for weight in full)
