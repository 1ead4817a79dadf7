"""Options forms from a skill's Params."""

from __future__ import annotations

import enum
from typing import Literal

import pytest
from django import forms as django_forms
from pydantic import Field

from shop_ai.admin.forms import options_form
from shop_ai.skills import DescribeProduct, Params


class Mood(enum.Enum):
    CALM = "calm"
    LOUD = "loud"


class EveryKind(Params):
    mood: Mood = Mood.CALM
    only: Literal["one"] = "one"
    words: int | None = Field(default=None, ge=1, le=5)
    warmth: float = 0.5
    shout: bool = False
    hint: str = Field(default="", max_length=20, description="What to stress")
    many: list[str] = []


class Everything(DescribeProduct):
    name = "everything"
    Params = EveryKind


@pytest.fixture
def form():
    return options_form(Everything())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("language", django_forms.ChoiceField),
        ("mood", django_forms.ChoiceField),
        ("only", django_forms.ChoiceField),
        ("words", django_forms.IntegerField),
        ("warmth", django_forms.FloatField),
        ("shout", django_forms.BooleanField),
        ("hint", django_forms.CharField),
    ],
)
def test_each_kind_of_option_gets_its_field(form, name, kind):
    assert type(form.fields[name]) is kind
    assert not form.fields[name].required


def test_an_option_that_fits_no_field_is_left_to_its_default(form):
    assert "many" not in form.fields


def test_bounds_and_length_and_help_come_from_the_declaration(form):
    assert (form.fields["words"].min_value, form.fields["words"].max_value) == (1, 5)
    assert form.fields["hint"].max_length == 20
    assert form.fields["hint"].help_text == "What to stress"


def test_choices_of_a_language_are_those_of_the_store(settings):
    settings.SHOP_AI = {**settings.SHOP_AI, "LANGUAGES": ["en", "zh-hans", "tlh"]}

    choices = [str(label) for _, label in options_form(DescribeProduct()).fields["language"].choices]

    assert choices == ["Its own", "English", "Simplified chinese", "tlh"]


def test_what_is_left_empty_is_left_to_the_skill():
    form = options_form(DescribeProduct(), data={"shop_ai-describe_product-tone": "warm"})

    assert form.is_valid()
    assert form.params() == {"tone": "warm"}


def test_a_value_out_of_bounds_is_told_by_its_label():
    form = options_form(DescribeProduct(), data={"shop_ai-describe_product-candidates": "9"})

    assert not form.is_valid()
    assert form.problems()[0].startswith("Candidates: ")


def test_defaults_give_way_to_what_was_chosen_last():
    form = options_form(DescribeProduct(), initial={"tone": "expert"})

    assert form["tone"].value() == "expert"
    assert not form["length"].value()
