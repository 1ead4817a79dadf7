"""Facts in plain words, and one by one."""

from __future__ import annotations

import pytest

from shop_ai.safety.claims import ledger
from shop_ai.skills.wording import items, plainly

SENTENCES = [
    ("Material", "Solid oak", "It is made of solid oak."),
    ("Fabric", "Supplex Nylon twill", "It is made of Supplex Nylon twill."),
    ("Colours", "Black, white", "It comes in black, white."),
    ("made in", "Thailand", "It is made in Thailand."),
    ("Weight", "542 g (18.8 oz)", "It weighs 542 g (18.8 oz)."),
    ("Weight", "light", "Weight: light."),
    ("Power", "5 W", "The power is 5 W."),
    ("Working temperature", "-10 to 40 °C", "Working temperature: -10 to 40 °C."),
    ("Battery life", "up to 20 hours", "The battery life is up to 20 hours."),
    ("Light", "Five LEDs", "Light: Five LEDs."),
    ("Alarm", "2 alarms", "Alarm: 2 alarms."),
    ("Burrs", "Conical", "Burrs: Conical."),
    ("Supply", "Mains", "Supply: Mains."),
    ("Presets", "20", "Presets: 20."),
    ("Keeps cold", "24 hours", "Keeps cold: 24 hours."),
    ("Series", "Field Notes", "The series is Field Notes."),
    ("Authors", "Ada Byron & Mary Somerville", "The authors are Ada Byron & Mary Somerville."),
    ("Width", "73 cm", "It is 73 cm wide."),
    ("Warranty", "2 years", "It has a warranty of 2 years."),
    ("Brand", "Hollin", "The brand is Hollin."),
    ("designer", "Jonas Hultqvist", "The designer is Jonas Hultqvist."),
    ("ISBN", "9780764574818", "The ISBN is 9780764574818."),
    ("Dimensions", "36 × 12 cm", "The dimensions are 36 × 12 cm."),
    ("product type", "Beanies & Scarfs", "Product type: Beanies & Scarfs."),
    ("features", "full zip.", "Full zip."),
    ("Cup holder", "Yes", "Cup holder: yes."),
    ("Cup holder", "No", ""),
    ("Care", "Hand wash cold, dry flat", "Care: Hand wash cold, dry flat."),
    ("材质", "实心榉木", "材质为实心榉木。"),
    ("特点", "防滑底座", "防滑底座。"),
    ("可折叠", "是", "可折叠：是。"),
    ("Size", " ", ""),
    ("Story", "told " * 60, ""),
]


@pytest.mark.parametrize(("key", "value", "sentence"), SENTENCES)
def test_a_fact_in_plain_words(key, value, sentence):
    assert plainly(key, value) == sentence


@pytest.mark.parametrize(("key", "value", "sentence"), [one for one in SENTENCES if one[2]])
def test_the_ledger_finds_it_supported(key, value, sentence):
    assert [claim.quote for claim in ledger(sentence, {"name": "Stool", key: value}) if claim.flagged] == []


def test_values_of_several_parts_are_dealt_in_turn_and_yes_or_no_comes_last():
    facts = {
        "Foldable": "yes",
        "Features": "Full zip; two pockets; ",
        "Fabric": "100% cotton. Recyclable through the programme",
        "Colour": None,
        "Note": "n/a",
    }

    assert list(items(facts)) == [
        ("Features", "Full zip"),
        ("Fabric", "100% cotton"),
        ("Features", "two pockets"),
        ("Details", "Recyclable through the programme"),
        ("Foldable", "yes"),
    ]
