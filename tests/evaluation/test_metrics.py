"""What is counted of texts. The chrF figures are those of sacrebleu 2.6.0 for the same pairs."""

from __future__ import annotations

import pytest

from shop_ai.evaluation.answering import Outcome
from shop_ai.evaluation.cases import Case
from shop_ai.evaluation.metrics import measure
from shop_ai.evaluation.metrics.text import chrf, coverage
from shop_ai.skills import DescribeProduct

FACTS = {"Material": "Solid oak", "Height": "45 cm", "Colours": "Black; white", "Foldable": "yes"}


@pytest.mark.parametrize(
    ("text", "reference", "score"),
    [
        ("The bottle holds 750 ml.", "The bottle of steel holds 750 ml and more.", 48.785),
        ("水壶容量为750毫升。", "这款水壶的容量是750毫升", 30.655),
        ("abc", "abcdefgh", 32.251),
        ("completely other words", "nothing to see", 13.888),
        ("same", "same", 100.0),
        ("", "something", 0.0),
    ],
)
def test_chrf(text, reference, score):
    assert chrf(text, reference) == pytest.approx(score, abs=0.001)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Made of solid oak, 45 cm high, in black and white.", 1.0),
        ("Made of solid oak, in black.", (1 + 0 + 0.5) / 3),
        ("Made of oak, 45 mm thick.", 0.0),
        ("", 0.0),
    ],
)
def test_coverage_is_the_mean_share_of_each_facts_items(text, share):
    assert coverage(text, FACTS) == pytest.approx(share)


def test_nothing_can_be_covered_where_there_are_no_facts():
    assert coverage("Anything.", {"Foldable": "yes"}) is None


def test_chinese_facts_are_covered_by_their_characters():
    facts = {"材质": "实心榉木", "容量": "750毫升"}

    assert coverage("采用实心榉木制成，容量为500毫升。", facts) == 0.5


# -- Of descriptions -------------------------------------------------------------------------------


def outcome(text, *, language="en", facts=FACTS, **expect):
    values = {"name": "Stool", "attributes": facts}
    case = Case(id="a", values=values, language=language, expect=expect)
    output = DescribeProduct.Output.model_construct(description=text) if text else None
    return Outcome(case=case, output=output, declined="" if text else "Not enough facts.")


def test_descriptions_are_measured_against_their_facts():
    found = measure(
        "describe_product",
        [
            outcome("The stool is made of solid oak. It is 45 cm high.", reference="The stool is oak."),
            outcome("The stool is made of plastic and 90 cm high."),
            outcome(""),
        ],
    )

    assert found["offered_clean"] == pytest.approx(1 / 3, abs=1e-3)
    assert found["unsupported_claims_per_100"] >= 100
    assert found["fact_coverage"] == pytest.approx((2 / 3 + 0) / 2, abs=1e-3)
    assert found["language_match"] == found["within_length"] == found["schema_valid"] == 1.0
    assert found["chrf"] > 0


def test_sentences_that_code_worded_are_not_the_language_models_own():
    text = "It is made of solid oak. The stool has a height of 45 cm. It comes in black."

    assert measure("describe_product", [outcome(text)])["own_sentences"] == pytest.approx(1 / 3, abs=1e-3)


def test_a_clean_text_is_in_its_language():
    text = "这款凳子采用实心榉木制成。"

    found = measure("describe_product", [outcome(text, facts={"材质": "实心榉木"})])

    assert (found["language_match"], found["offered_clean"]) == (0.0, 0.0)


def test_a_telling_text_has_thirty_words_and_half_of_five_facts():
    facts = {f"Part {n}": f"{n} cm" for n in range(1, 7)}
    short = "Part 1 measures 1 cm. Part 2 measures 2 cm. Part 3 measures 3 cm."
    long = " ".join(f"Part {n} measures {n} cm in the end." for n in range(1, 6))

    assert measure("describe_product", [outcome(short, facts=facts)])["clean_and_telling"] == 0.0
    assert measure("describe_product", [outcome(long, facts=facts)])["clean_and_telling"] == 1.0


def test_a_skill_without_metrics_of_its_own_is_measured_by_its_form():
    assert measure("write_text", [outcome("Fine."), outcome("")]) == {"schema_valid": 1.0}
