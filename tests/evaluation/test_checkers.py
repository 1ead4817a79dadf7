"""Checks by code, measured on cases."""

from __future__ import annotations

import pytest

from shop_ai.evaluation.cases import Case
from shop_ai.evaluation.checkers import CHECKERS

FACTS = {"name": "Brook Kettle", "Capacity": "1.7 l", "Material": "Steel"}
TEXT = "The kettle holds 1.7 litres. It is made of copper."


def found(text, **expect):
    checker = CHECKERS["check_claims"]
    case = Case(id="a", values={"facts": FACTS, "text": text}, language="en", expect=expect)
    return checker.sum_up([checker.look(case)])


def test_false_parts_are_caught_and_true_ones_are_not():
    assert found(TEXT, unsupported=["copper"], supported=["1.7 litres"]) == {
        "caught": 1.0,
        "false_alarms": 0.0,
        "false": 1,
        "true": 1,
    }


@pytest.mark.parametrize(
    ("expect", "caught", "alarms"),
    [
        ({"unsupported": ["1.7 litres"]}, 0.0, None),
        ({"supported": ["made of copper"]}, None, 1.0),
        ({"unsupported": ["nowhere"]}, 0.0, None),
        ({"unsupported": [""]}, 0.0, None),
        ({}, None, None),
    ],
)
def test_what_is_counted(expect, caught, alarms):
    counted = found(TEXT, **expect)

    assert (counted["caught"], counted["false_alarms"]) == (caught, alarms)
