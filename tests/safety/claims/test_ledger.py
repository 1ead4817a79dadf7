"""The ledger on planted claims of our own writing: what is false is flagged, what is true is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shop_ai.safety.claims import ledger

CASES = sorted((Path(__file__).parent / "cases").glob("*.jsonl"))


def rows():
    return [
        json.loads(line)
        for file in CASES
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]


def touched(quote, text, spans):
    start = text.index(quote)
    return any(first < start + len(quote) and start < last for first, last in spans)


def score(language):
    """(caught, planted, false alarms, true) over the cases of a language."""
    caught = planted = alarms = true = 0
    for row in (row for row in rows() if row["language"] == language):
        text = row["values"]["text"]
        spans = [(one.start, one.end) for one in ledger(text, row["values"]["facts"]) if one.flagged]
        found = [touched(quote, text, spans) for quote in row["expect"]["unsupported"]]
        wrong = [touched(quote, text, spans) for quote in row["expect"]["supported"]]
        caught, planted = caught + sum(found), planted + len(found)
        alarms, true = alarms + sum(wrong), true + len(wrong)
    return caught, planted, alarms, true


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_false_is_flagged_and_what_is_true_is_not(language):
    caught, planted, alarms, true = score(language)

    print(f"{language}: {caught} of {planted} false claims caught, {alarms} of {true} true ones flagged")
    assert planted > 0 and true > 0
    assert caught >= 0.95 * planted
    assert alarms <= 0.05 * true


def test_every_claim_quotes_the_text_and_says_why():
    for row in rows():
        text = row["values"]["text"]
        for claim in ledger(text, row["values"]["facts"]):
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
