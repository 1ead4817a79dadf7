from __future__ import annotations

import pytest

from shop_ai.roles.facts import as_facts
from shop_ai.roles.paths import follow


def facts(value):
    return as_facts(value, lambda item: (follow(item, "name"), follow(item, "value")))


class Row:
    def __init__(self, name, value):
        self.name, self.value = name, value


OAK = {"Material": "oak", "Width": "80"}


@pytest.mark.parametrize(
    "value",
    [
        {"Material": "oak", "Width": 80},
        [("Material", "oak"), ["Width", 80]],
        [{"name": "Material", "value": "oak"}, {"name": "Width", "value": 80}],
        [Row("Material", "oak"), Row("Width", 80)],
        ["Material: oak", "Width: 80"],
        '{"Material": "oak", "Width": 80}',
        '[["Material", "oak"], ["Width", 80]]',
        "Material: oak\nWidth:80",
        "- Material: oak\n* Width: 80\n\n",
        "Material：oak\nWidth：80",
    ],
)
def test_any_form_becomes_name_and_value(value):
    assert facts(value) == OAK


def test_a_line_without_a_colon_is_true_as_it_stands():
    assert facts("Dishwasher safe\n• Vegan") == {"Dishwasher safe": "yes", "Vegan": "yes"}


def test_a_colon_in_a_value_stays():
    assert facts("Ratio: 16:9") == {"Ratio": "16:9"}


@pytest.mark.parametrize("value", [None, "", {}, [], 7, {"Material": None}, {"": "oak"}, {"Material": " "}])
def test_what_is_empty_is_left_out(value):
    assert facts(value) == {}


def test_values_become_words():
    assert facts({"Vegan": True, "Bio": False, "Colours": ["red", "blue"], "Size": {"W": 1, "H": 2}}) == {
        "Vegan": "yes",
        "Bio": "no",
        "Colours": "red, blue",
        "Size": "W 1, H 2",
    }
    assert facts({"Tags": {"b", "a"}}) == {"Tags": "a, b"}


def test_values_of_a_repeated_name_are_joined():
    assert facts([("Colour", "red"), ("Colour", "blue")]) == {"Colour": "red, blue"}
