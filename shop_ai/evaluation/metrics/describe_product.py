"""How good descriptions are, without a judge: claims against facts, coverage, language, length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shop_ai.conf import config
from shop_ai.evaluation.answering import Outcome
from shop_ai.evaluation.metrics import text as measures
from shop_ai.evaluation.shares import mean, share
from shop_ai.safety.claims import ledger
from shop_ai.safety.language import in_language
from shop_ai.safety.text import sentences
from shop_ai.skills import wording

LONGEST = 2000
"""Characters, as `DescribeProduct.Output` allows; the field of a store may be shorter."""
ENOUGH_FACTS, ENOUGH_WORDS, ENOUGH_COVERED = 5, 30, 0.5


def measure(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Shares are of all cases for `offered_clean`, else of the texts that there are.

    `clean_and_telling`: of products with 5 facts or more, those with a clean text of 30 words or more that
    holds half of the facts.
    """
    every = [None if outcome.output is None else _Text(outcome) for outcome in outcomes]
    texts = [text for text in every if text]
    many = [
        text for text, outcome in zip(every, outcomes, strict=True) if len(_facts(outcome)) >= ENOUGH_FACTS
    ]
    return {
        "offered_clean": share(text and text.clean for text in every),
        "clean_and_telling": share(text and text.clean and text.telling for text in many),
        "unsupported_claims_per_100": mean(100 * text.flagged for text in texts),
        "fact_coverage": mean(text.covered for text in texts if text.covered is not None),
        "language_match": share(text.language_matches for text in texts),
        "within_length": share(text.fits for text in texts),
        "words": mean(text.words for text in texts),
        "chrf": mean(measures.chrf(text.text, text.reference) for text in texts if text.reference),
        "own_sentences": mean(text.own for text in texts if text.own is not None),
        "schema_valid": share(outcome.output is not None for outcome in outcomes if not outcome.declined),
    }


class _Text:
    """One description and what is measured of it."""

    def __init__(self, outcome: Outcome) -> None:
        case = outcome.case
        self.text = str(getattr(outcome.output, "description", ""))
        self.facts = _facts(outcome)
        self.known = {name: value for name, value in case.values.items() if name != "attributes" and value}
        self.flagged = sum(claim.flagged for claim in ledger(self.text, {**self.known, **self.facts}))
        self.covered = measures.coverage(self.text, self.facts)
        expected = str(case.expect.get("language") or case.language)
        self.language_matches = in_language(self.text, expected, config().LANGUAGES)
        self.fits = 0 < len(self.text) <= LONGEST
        self.reference = str(case.expect.get("reference") or "")

    @property
    def words(self) -> int:
        """Chinese has no blanks: two characters count as a word."""
        han = sum("\u3400" <= letter <= "\u9fff" for letter in self.text)
        return len(self.text.split()) if not han else han // 2

    @property
    def own(self) -> float | None:
        """The share of its sentences that the language model worded; the others are facts stated plainly."""
        plain = {"".join(wording.plainly(*fact).split()) for fact in wording.items(self.facts)}
        brand = str(self.known.get("brand") or "")
        plain |= {"".join(wording.plainly(label, brand).split()) for label in ("Brand", "品牌")}
        written = ["".join(sentence.split()) for sentence in sentences(self.text)]
        return sum(sentence not in plain for sentence in written) / len(written) if written else None

    @property
    def clean(self) -> bool:
        return not self.flagged and self.language_matches and self.fits

    @property
    def telling(self) -> bool:
        return self.words >= ENOUGH_WORDS and (self.covered or 0) >= ENOUGH_COVERED


def _facts(outcome: Outcome) -> Mapping[str, Any]:
    found = outcome.case.values.get("attributes")
    return found if isinstance(found, dict) else {}
