"""The ledger on planted claims of our own writing: what is false is flagged, what is true is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from shop_ai.evaluation import Case, read
from shop_ai.evaluation.checkers import caught, claims
from shop_ai.safety.claims import ledger

FILES = sorted((Path(__file__).parent / "cases").glob("*.jsonl"))


def cases():
    return [case for file in FILES for case in read(file) if isinstance(case, Case)]


def test_every_line_is_a_case():
    assert not [line for file in FILES for line in read(file) if not isinstance(line, Case)]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_is_false_is_flagged_and_what_is_true_is_not(language):
    found = caught([claims(case) for case in cases() if case.language == language])

    print(
        f"{language}: {found['caught']:.1%} of {found['false']} false claims caught, "
        f"{found['false_alarms']:.1%} of {found['true']} true ones flagged"
    )
    assert found["false"] > 0 and found["true"] > 0
    assert found["caught"] >= 0.95
    assert found["false_alarms"] <= 0.05


def test_every_claim_quotes_the_text_and_says_why():
    for case in cases():
        text = case.values["text"]
        for claim in ledger(text, case.values["facts"]):
            assert text[claim.start : claim.end] == claim.quote
            assert claim.reason


@pytest.mark.parametrize("name", ["Bowl 0", "Never Dull", "No Fuss Bowl"])
def test_a_name_denies_nothing(name):
    assert not any(
        claim.flagged for claim in ledger(f"{name} is made of oak.", {"name": name, "Material": "oak"})
    )


def test_a_negation_after_the_name_still_denies():
    claims = ledger("Bowl 0 is not made of oak.", {"name": "Bowl 0", "Material": "oak"})

    assert any(claim.flagged for claim in claims)
