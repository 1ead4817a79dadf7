"""ai_evaluate: the form that others rely on, and what it says of mistakes."""

from __future__ import annotations

import json

import pytest

KEYS = ["skill", "n", "errors", "declined", "checkpoint", "adapter", "seconds", "metrics"]
OAK = {"name": "Stool", "attributes": {"Material": "Solid oak", "Height": "45 cm"}}


@pytest.fixture(autouse=True)
def _echo(settings):
    settings.SHOP_AI = {
        **settings.SHOP_AI,
        "LM": {"BACKEND": "shop_ai.lm.echo.EchoBackend"},
        "SKILLS": ["shop_ai.skills.DescribeProduct"],
    }


@pytest.fixture
def cases(tmp_path):
    """Writes a file of cases."""

    def write(*rows):
        path = tmp_path / "cases.jsonl"
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        path.write_text("\n".join(lines), encoding="utf-8")
        return str(path)

    return write


def test_a_skill_is_measured(run, cases):
    path = cases(
        *({"id": f"c{n}", "language": "en", "values": OAK} for n in range(5)), {"values": {"name": "x"}}
    )

    said = run("ai_evaluate", "describe_product", "--cases", path, "--json")

    found = json.loads(said.out)
    assert list(found) == KEYS
    assert (found["skill"], found["n"], found["errors"], found["checkpoint"]) == (
        "describe_product",
        6,
        0,
        "smollm2-135m",
    )
    assert found["declined"] >= 1
    assert {
        "offered_clean",
        "unsupported_claims_per_100",
        "fact_coverage",
        "language_match",
        "within_length",
        "chrf",
        "schema_valid",
    } <= set(found["metrics"])


def test_a_checker_is_measured_without_a_language_model(run, cases):
    values = {"facts": {"Material": "Steel"}, "text": "Made of copper."}
    path = cases({"id": "a", "values": values, "expect": {"unsupported": ["copper"]}})

    said = run("ai_evaluate", "check_claims", "--cases", path, "--json")

    found = json.loads(said.out)
    assert list(found) == KEYS
    assert (found["checkpoint"], found["metrics"]["caught"]) == (None, 1.0)


def test_lines_that_are_wrong_are_told_and_the_rest_goes_on(run, cases):
    path = cases("{", {"id": "b", "values": {}}, {"id": "c", "values": {"facts": {}, "text": "Fine."}})

    said = run("ai_evaluate", "check_claims", "--cases", path, "--json")

    assert (json.loads(said.out)["n"], json.loads(said.out)["errors"]) == (3, 2)
    assert "line 1: no JSON" in said.error
    assert "b: KeyError" in said.error


def test_figures_for_people(run, cases):
    said = run("ai_evaluate", "describe_product", "--cases", cases({"values": OAK}), "--limit", "1")

    assert "describe_product: 1 cases in" in said.out
    assert "offered_clean" in said.out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["describe_products"], "describe_product"),
        (["describe_product", "--limit", "0"], "--limit must be 1 or more"),
        (["describe_product", "--checkpoint", "../x"], "x"),
    ],
)
def test_mistakes_say_what_to_write(run, cases, settings, arguments, reason):
    settings.SHOP_AI = {**settings.SHOP_AI, "LM": {}}
    said = run("ai_evaluate", *arguments, "--cases", cases({"values": OAK}))

    assert said.code == 1
    assert reason in said.error


def test_a_file_that_is_not_there_or_holds_no_case(run, cases):
    assert "cannot be read" in run("ai_evaluate", "check_claims", "--cases", "nowhere.jsonl").error
    assert "holds no case" in run("ai_evaluate", "check_claims", "--cases", cases("{")).error
