"""The border of trust in a prompt."""

from __future__ import annotations

import pytest
from django.template import TemplateSyntaxError
from hypothesis import given
from hypothesis import strategies as st

from shop_ai.skills.marks import CLOSE, OPEN, split
from shop_ai.skills.prompt import render, variables


def trusted(text: str, **context: object) -> str:
    return "".join(s.text for s in render(text, context) if s.trusted)


def untrusted(text: str, **context: object) -> str:
    return "".join(s.text for s in render(text, context) if not s.trusted)


def test_values_are_untrusted_and_the_template_is_trusted() -> None:
    segments = render("Name: {{ product.name }}.", {"product": {"name": "Mug"}})

    assert [(s.text, s.trusted) for s in segments] == [("Name: ", True), ("Mug", False), (".", True)]


@given(st.text())
def test_no_value_ever_becomes_trusted(value: str) -> None:
    template = (
        "{{ v }}{% for k, x in d.items %}{{ k }}={{ x }};{% endfor %}{{ l|join:', ' }}{{ v|shorten:3 }}"
    )

    ours = trusted(template, v=value, d={value: value}, l=[value, value])

    assert ours in ("=;, ", ", ")


@given(st.text(alphabet=st.sampled_from([OPEN, CLOSE, "a", "b"])))
def test_split_loses_nothing_but_the_marks(text: str) -> None:
    joined = "".join(segment.text for segment in split(text))

    assert joined == text.replace(OPEN, "").replace(CLOSE, "")


def test_a_lost_closing_mark_leaves_the_rest_untrusted() -> None:
    assert [s.trusted for s in split(f"a{OPEN}b c")] == [True, False]


def test_values_compare_and_count_like_themselves() -> None:
    template = "{% if p.price > 10 %}dear{% endif %}{% if p.kind == 'mug' %} mug{% endif %} {{ p.l|length }}"

    assert trusted(template, p={"price": 12, "kind": "mug", "l": [1, 2]}) == "dear mug 2"


def test_code_in_a_value_is_not_evaluated() -> None:
    assert untrusted("{{ v }}", v="{{ 7|add:1 }}{% load x %}") == "{{ 7|add:1 }}{% load x %}"


@pytest.mark.parametrize(
    "template", ["{{ v|safe }}", "{% load static %}", "{% include 'x' %}", "{{ v|add:1 }}"]
)
def test_only_our_filters_and_plain_tags_compile(template: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        render(template, {"v": "x"})


def test_variables_are_found_in_every_branch() -> None:
    template = "{% if a.b %}{{ a.c }}{% else %}{% for x in a.d %}{{ x.e|default:'-' }}{% endfor %}{% endif %}"

    assert {"a.b", "a.c", "a.d"} <= variables(template)
