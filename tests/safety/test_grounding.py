"""Sentences that say their fact, and sentences that say more."""

from __future__ import annotations

import pytest

from shop_ai.safety.grounding import says

NAME = "Folding Camp Chair"


@pytest.mark.parametrize(
    ("sentence", "fact"),
    [
        ("The chair has a frame made of aluminium.", "Frame: Aluminium"),
        ("The chair is designed to hold up to 120 kg.", "Load: Up to 120 kg"),
        ("The folding camp chair weighs 1.1 kg.", "Weight: 1.1 kg"),
        ("The Folding Camp Chair is 36 × 12 cm when packed.", "Packed size: 36 × 12 cm"),
        ("Its battery holds 1,000 mAh.", "Battery: 1000 mAh"),
        ("这款椅子采用铝合金框架。", "框架: 铝合金"),
    ],
)
def test_a_sentence_that_says_the_fact_is_kept(sentence: str, fact: str) -> None:
    assert says(sentence, fact, [NAME])


@pytest.mark.parametrize(
    ("sentence", "fact", "wrong"),
    [
        ("The chair is made of 60 % cotton.", "Material: 40 % cotton", "another number"),
        ("The chair has a waterproof aluminium frame.", "Frame: Aluminium", "a feature of its own"),
        ("The chair is a weighty item.", "Weight: 58 g", "the fact left out"),
        ("The chair has a frame.", "Frame: Aluminium", "half the fact"),
        ("The chair is 2 m by 3 m of aluminium.", "Frame: Aluminium", "numbers from nowhere"),
        ("The chair is made of slate.", "Colour: Slate", "a colour as a material"),
        ("The aluminium chair costs 15 euros.", "Frame: Aluminium", "a price"),
        ("椅子很舒服。", "框架: 铝合金", "the fact left out, in Chinese"),
    ],
)
def test_a_sentence_that_says_anything_else_is_cut(sentence: str, fact: str, wrong: str) -> None:
    assert not says(sentence, fact, [NAME]), wrong
