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
        ("Made of solid alder wood.", "Material: Solid alder wood"),
    ],
)
def test_a_sentence_that_says_the_fact_is_kept(sentence: str, fact: str) -> None:
    assert says(sentence, fact, [NAME])


@pytest.mark.parametrize(
    ("sentence", "fact", "name"),
    [
        ("The cable is not included.", "Cable: Not included", "USB-C Charger"),
        ("The boot is a size 42.", "Size: 42", "Trail Boot"),
        ("The radio has 20 presets.", "Presets: 20", "Kitchen Radio DAB+"),
        ("The Canvas Stool is by Hollin.", "Brand: Hollin", "Canvas Stool"),
        ("Your backpack has a warranty of 3 years.", "Warranty: 3 years", "City Backpack"),
        ("To care for the scarf, hand wash it cold.", "Care: Hand wash cold", "Wool Scarf"),
        ("这款椅子采用铝合金框架。", "框架: 铝合金", "折叠椅子"),
        ("围巾请用冷水手洗，平铺晾干。", "洗涤: 冷水手洗，平铺晾干", "羊毛围巾"),
    ],
)
def test_true_sentences_of_other_products_are_kept(sentence: str, fact: str, name: str) -> None:
    assert says(sentence, fact, [name])


@pytest.mark.parametrize(
    ("sentence", "fact", "name", "wrong"),
    [
        ("The battery is included.", "Battery: Not included", "Mouse", "a negation left out"),
        ("The bottle is made of nickel.", "Material: without nickel", "Bottle", "a negation left out"),
        ("The bottle is not dishwasher safe.", "Care: Dishwasher safe", "Bottle", "a negation added"),
        ("The USB-C Charger is not included.", "Cable: Not included", "USB-C Charger", "the wrong thing"),
        ("The paint has a toxic to no.", "Toxic: No", "Paint", "no English"),
        ("The bag has a comfort temperature of 5 °C.", "Comfort temperature: -5 °C", "Bag", "the sign"),
        ("The bag takes under 20 kg.", "Load: up to 20 kg", "Bag", "another bound"),
        ("The mouse is wire.", "Connection: Wireless", "Mouse", "the opposite"),
        ("The charger takes 100-240 V, 50", "Input: 100-240 V, 50/60 Hz", "Charger", "no end"),
        ("The dog lead rope is made of brass.", "Clip: Brass", "Dog Lead Rope", "a part for the whole"),
        ("The knife is made of 56 HRC.", "Hardness: 56 HRC", "Chef's Knife", "a measure as a material"),
        (
            "The tray is made of book holders, glass, and phone.",
            "Holders: Book, glass, phone",
            "Bath Tray",
            "parts as a material",
        ),
        ("The Bath Tray is made of lacquer.", "Material: Lacquered bath", "Bath Tray", "half of the value"),
        (
            "The 28 cm diameter of the pan is carbon steel.",
            "Diameter: 28 cm",
            "Carbon Steel Frying Pan",
            "the value as an aside",
        ),
        ("The mat comes in latex.", "Latex: Contains latex", "Yoga Mat", "a content as a choice"),
        ("The paint is very good.", "Lightfastness: Very good", "Acrylic Paint", "what is very good"),
        ("The puppy has a net weight of 3 kg.", "Net weight: 3 kg", "Puppy Food", "another subject"),
        ("The Kitchen Radio is a brand of Ondalis.", "Brand: Ondalis", "Kitchen Radio", "no brand"),
        ("The yoga mat is asana.", "Brand: Asana", "Yoga Mat", "a brand that is not one"),
        ("The radio has a preset of 20.", "Presets: 20", "Kitchen Radio DAB+", "a number of one"),
        ("这款锅采用铸铁制成，可治疗高血压。", "材质: 铸铁", "锅", "a cure, in Chinese"),
        ("这款锅不含铸铁。", "材质: 铸铁", "锅", "a negation, in Chinese"),
    ],
)
def test_a_sentence_that_only_looks_like_the_fact_is_cut(
    sentence: str, fact: str, name: str, wrong: str
) -> None:
    assert not says(sentence, fact, [name]), wrong


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


@pytest.mark.parametrize(
    ("sentence", "fact"),
    [
        ("The TARVA is a designer of Maja Ganszyniec.", "designer: Maja Ganszyniec"),
        ("The shelf is a 40-cm depth.", "depth: 40 cm"),
        ("The sweatshirt is a 447 g size.", "weight: 447 g"),
        ("The jacket is a full zip.", "features: Full zip"),
        ("The shelf is a type of shelf.", "type: Shelf"),
        ("The shelf is a 16 × 13 × 34 cm size.", "size: 16 × 13 × 34 cm"),
        ("The shelf is a steel platform.", "platform: Steel"),
        ("The shelf has features:\n- steel.", "features: Steel"),
        ("The TARVA shelf sweatshirt jacket is TARVA shelf sweatshirt jacket blue.", "colour: Blue"),
        ("外套有英伦。", "风格: 英伦"),
        ("连衣裙有裙长,裙长为长裙。", "裙长: 长裙"),
        ("卫衣有上衣类型,可选。", "类型: 上衣"),
    ],
)
def test_a_sentence_that_makes_the_product_what_its_fact_is_says_another_thing(sentence, fact):
    name = sentence[:2] if fact[0] > "z" else "TARVA shelf sweatshirt jacket"

    assert not says(sentence, fact, [name])
