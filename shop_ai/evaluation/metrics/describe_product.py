"""How good descriptions are, without a judge: claims against facts, coverage, language, length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from shop_ai.conf import config
from shop_ai.evaluation.answering import Outcome
from shop_ai.evaluation.metrics import text as measures
from shop_ai.safety.claims import ledger
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
    texts = [_Text(outcome) for outcome in outcomes if outcome.output is not None]
    answered = [outcome for outcome in outcomes if not outcome.declined]
    many = [outcome for outcome in outcomes if len(_facts(outcome)) >= ENOUGH_FACTS]
    references = [text for text in texts if text.reference]
    return {
        "offered_clean": _share(sum(text.clean for text in texts), len(outcomes)),
        "clean_and_telling": _share(
            sum(text.clean and text.telling for text in texts if len(text.facts) >= ENOUGH_FACTS), len(many)
        ),
        "unsupported_claims_per_100": _mean([100 * text.flagged for text in texts]),
        "fact_coverage": _mean([text.covered for text in texts if text.covered is not None]),
        "language_match": _mean([text.language_matches for text in texts]),
        "within_length": _mean([text.fits for text in texts]),
        "words": _mean([text.words for text in texts]),
        "chrf": _mean([measures.chrf(text.text, text.reference) for text in references]),
        "own_sentences": _mean([text.own for text in texts if text.own is not None]),
        "schema_valid": _share(len(texts), len(answered)),
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
        self.language_matches = measures.in_language(self.text, expected, config().LANGUAGES)
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


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _mean(values: Sequence[float]) -> float | None:
    return round(fmean(values), 4) if values else None
