"""One text held against what is known. Steps take its tokens, so that none is judged twice."""

from __future__ import annotations

from shop_ai.safety.claims import polarity
from shop_ai.safety.claims.claim import Claim, Finding, Kind
from shop_ai.safety.claims.facts import BRANDS, NAMES
from shop_ai.safety.claims.known import Known
from shop_ai.safety.claims.lexicon import Hit, phrases
from shop_ai.safety.claims.quantities import Quantity, quantities
from shop_ai.safety.claims.tokens import Sort, tokens

NEXT = 12
"""Characters between a number and what it may count."""


class Reading:
    """The text, cut up; which of its tokens are still to be judged."""

    def __init__(self, text: str, known: Known) -> None:
        self.text = text
        self.known = known
        self.tokens = tokens(text)
        self.hits = self._hits()
        self.signs = polarity.read(self.tokens, self.hits, self._names())
        self.quantities = quantities(text)
        self.agreed: list[int] = []
        """Where bare numbers end that the facts hold."""
        self._taken = [token.sort is Sort.MARK for token in self.tokens]

    def _hits(self) -> list[Hit]:
        """Wordings of the lists and of the facts' own yes and no, the longer before the shorter."""
        asked = list(self.known.asked.find(self.tokens))
        inside = {i for hit in asked for i in range(hit.first, hit.last)}
        listed = [
            hit
            for hit in phrases().find(self.tokens)
            if hit.concepts or not inside & set(range(hit.first, hit.last))
        ]
        return sorted([*asked, *listed], key=lambda hit: (hit.first, -hit.last))

    def _names(self) -> set[int]:
        """The tokens of whole names, in which a "Never" or a "0" denies nothing."""
        bases = [token.base for token in self.tokens]
        found: set[int] = set()
        for fact in self.known.facts:
            if fact.key.lower() in NAMES | BRANDS:
                name = [token.base for token in tokens(fact.value)]
                for first in range(len(bases) - len(name) + 1):
                    if bases[first : first + len(name)] == name:
                        found.update(range(first, first + len(name)))
        return found

    def counted(self, index: int) -> bool:
        """Whether a number that the facts hold stands right before: two headphone |sockets|."""
        start = self.tokens[index].start
        return any(
            0 <= start - end <= NEXT and not any(t.breaks for t in self.tokens if end <= t.start < start)
            for end in self.agreed
        )

    def taken(self, index: int) -> bool:
        return self._taken[index]

    def free(self, first: int, last: int) -> bool:
        """Whether none of these tokens is taken."""
        return not any(self._taken[i] and self.tokens[i].sort is not Sort.MARK for i in range(first, last))

    def take(self, first: int, last: int) -> None:
        self._taken[first:last] = [True] * (last - first)

    def claim(self, kind: Kind, first: int, last: int, found: Finding) -> Claim:
        """The claim of these tokens, which are taken by it."""
        self.take(first, last)
        start, end = self.tokens[first].start, self.tokens[last - 1].end
        return Claim(
            kind=kind,
            start=start,
            end=end,
            quote=self.text[start:end],
            verdict=found.verdict,
            reason=found.reason,
            fact=found.fact,
        )

    def within(self, quantity: Quantity) -> range:
        """The tokens of a quantity."""
        inside = [i for i, t in enumerate(self.tokens) if t.start < quantity.end and t.end > quantity.start]
        return range(inside[0], inside[-1] + 1) if inside else range(0)

    def clause(self, index: int) -> tuple[int, int]:
        """The tokens between the breaks around one."""
        first = last = index
        while first and not self.tokens[first - 1].breaks:
            first -= 1
        while last < len(self.tokens) and not self.tokens[last].breaks:
            last += 1
        return first, last

    def begins(self, index: int) -> bool:
        """Whether a sentence begins here, so that a capital tells nothing."""
        return not index or self.tokens[index - 1].text in ".!?\n:;"

    def word(self, index: int) -> str:
        return self.tokens[index].text.lower() if index < len(self.tokens) else ""
