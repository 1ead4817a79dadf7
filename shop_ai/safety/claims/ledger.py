"""The claim ledger: a text and facts in, claims out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shop_ai.safety.claims import forms, han, loose, meanings, measures, quotes
from shop_ai.safety.claims.claim import Claim
from shop_ai.safety.claims.known import Known, read
from shop_ai.safety.claims.reading import Reading

STEPS = (
    quotes.names,
    quotes.quotations,
    meanings.claims,
    measures.claims,
    meanings.turns,
    forms.codes,
    forms.ranks,
    loose.claims,
    han.claims,
)
"""In this order: what a step takes, the later ones leave alone."""


def ledger(text: str, facts: Mapping[str, Any] | Known) -> list[Claim]:
    """Every claim of the text in its order, each with what the facts say to it."""
    reading = Reading(text, facts if isinstance(facts, Known) else read(facts))
    claims = [claim for step in STEPS for claim in step(reading)]
    return sorted(claims, key=lambda claim: (claim.start, claim.end))
