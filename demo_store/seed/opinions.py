"""Composes reviews from the hand-written sentences of reviews/*.toml; pure, the same each time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from demo_store.seed.files import load

CHOICE = re.compile(r"\{([^{}]*)\}")
MOODS = [
    (60, 25, 8, 4, 3),
    (45, 30, 13, 7, 5),
    (45, 30, 13, 7, 5),
    (28, 24, 20, 15, 13),
    (14, 16, 22, 24, 24),
]
"""How often a product gets 5, 4, 3, 2 and 1 stars: loved, good, good, mixed, poor."""
TONES = {
    5: ["good", "good", "good"],
    4: ["good", "good", "minor"],
    3: ["good", "minor", "minor"],
    2: ["bad", "minor", "minor"],
    1: ["bad", "bad"],
}
SHORT = {5: ["good"], 4: ["good"], 3: ["minor"], 2: ["bad"], 1: ["bad"]}
TWICE = 2
"""So often one sentence may stand, in different wordings, below one product."""
CLOSING = {5: "glad", 4: "fine", 3: "mixed", 2: "angry", 1: "angry"}

Sentences = dict[str, dict[str, list[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """A review before it is a row."""

    stars: int
    title: str
    body: str


class Pool:
    """The sentences of one language."""

    def __init__(self, name: str, anything: str) -> None:
        content: dict[str, Any] = dict(load(f"reviews/{name}.toml"))
        self.frame, self.titles = content.pop("frame"), content.pop("titles")
        self.kinds: dict[str, Sentences] = content
        self.anything = anything
        self.gap = " " if name == "english" else ""
        self.said: set[str] = set()

    def aspects(self, kind: str) -> Sentences:
        """Return the aspects of a product's kinds and of anything, by one name each."""
        return {
            f"{part}.{aspect}": tones
            for part in [*kind.split(), self.anything]
            for aspect, tones in self.kinds.get(part, {}).items()
        }

    def opinions(self, kind: str, count: int, dice: Random) -> Iterator[Opinion]:
        """Yield so many reviews of one product; no sentence comes three times."""
        mood = dice.choice(MOODS)
        used: Counter[str] = Counter()
        for _ in range(count):
            stars = dice.choices([5, 4, 3, 2, 1], weights=mood)[0]
            sentences = list(self._sentences(kind, stars, used, dice))
            body = self.gap.join(self._framed(sentences, stars, dice))
            if not sentences or body in self.said:
                continue
            self.said.add(body)
            yield Opinion(stars=stars, title=vary(dice.choice(self.titles[str(stars)]), dice), body=body)

    def _sentences(self, kind: str, stars: int, used: Counter[str], dice: Random) -> Iterator[str]:
        aspects = self.aspects(kind)
        tones = SHORT[stars] if dice.random() < 0.15 else TONES[stars][: dice.choice([2, 2, 3])]
        for tone in tones:
            for name in self._by_interest(aspects, dice):
                fresh = [text for text in aspects[name].get(tone, []) if used[text] < TWICE]
                if fresh:
                    chosen = min(fresh, key=lambda text: (used[text], dice.random()))
                    used[chosen] += 1
                    del aspects[name]
                    yield vary(chosen, dice)
                    break

    def _by_interest(self, aspects: Sentences, dice: Random) -> list[str]:
        """Order the aspects by chance, the product's own mostly before those of any product."""
        return sorted(aspects, key=lambda name: dice.random() + 0.75 * name.startswith(self.anything))

    def _framed(self, sentences: list[str], stars: int, dice: Random) -> list[str]:
        opener = [vary(dice.choice(self.frame["opener"]), dice)] if dice.random() < 0.35 else []
        closer = [vary(dice.choice(self.frame[CLOSING[stars]]), dice)] if dice.random() < 0.4 else []
        return [*opener, *sentences, *closer]


def vary(text: str, dice: Random) -> str:
    """Choose one of the wordings in each pair of braces."""
    return CHOICE.sub(lambda found: dice.choice(found[1].split("|")), text)
