"""The shorter texts of a product: from the same facts, each within its own length."""

from __future__ import annotations

import pytest

from shop_ai import skills
from shop_ai.exceptions import Declined, WrongLanguage
from shop_ai.lm.base import Candidate, Completion
from shop_ai.safety.claims import ledger
from shop_ai.skills import Subject
from shop_ai.skills.guidance import Guidance

FACTS = {
    "Material": "Solid oak",
    "Colours": "Natural, black",
    "Height": "45 cm",
    "Features": "Rounded edges; felt feet",
    "Foldable": "no",
    "Stackable": "yes",
    "Care": "Wipe with a dry cloth",
}
ZH = {"材质": "实心榉木", "颜色": "原木色", "高度": "45厘米"}
ALL = ["WriteShortDescription", "WriteSEODescription", "WriteSEOTitle", "WriteBulletPoints", "WriteImageAlt"]


def subject(asked, facts=FACTS, *, name="Canvas Stool", language="en", limit=None, guidance=None, **values):
    (field,) = asked.writes
    return Subject(
        values={"name": name, "brand": "Hollin", "category": "Stools", "attributes": facts, **values},
        params=asked.Params(),
        language=language,
        limits={} if limit is None else {field: limit},
        guidance=guidance or Guidance(),
    )


def written(kind, *args, say="Nonsense", **more):
    asked = getattr(skills, kind)()
    about = subject(asked, *args, **more)
    answers = [Completion(candidates=(Candidate(text=say, tokens=1),)) for _ in asked.requests(about)]
    (field,) = asked.writes
    return getattr(asked.answer(answers, about).output, field)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (
            "WriteShortDescription",
            "The brand is Hollin. It is made of solid oak. It comes in natural, black.",
        ),
        (
            "WriteSEODescription",
            "The brand is Hollin. It is made of solid oak. It comes in natural, black. It is 45 cm high.",
        ),
        ("WriteSEOTitle", "Canvas Stool – Hollin | Stools"),
        (
            "WriteBulletPoints",
            "- Brand: Hollin\n- Material: Solid oak\n- Colours: Natural, black\n- Height: 45 cm\n"
            "- Rounded edges\n- Care: Wipe with a dry cloth",
        ),
        ("WriteImageAlt", "Canvas Stool, Solid oak, Natural, black"),
    ],
)
def test_each_says_nothing_but_facts(kind, text):
    assert written(kind) == text
    known = {"name": "Canvas Stool", "brand": "Hollin", "category": "Stools", **FACTS}
    assert not [claim.quote for claim in ledger(text, known) if claim.flagged]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("limit", [20, 45, 90])
def test_each_keeps_within_the_stores_field(kind, limit):
    assert 0 < len(written(kind, limit=limit)) <= limit


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("WriteSEOTitle", "帆布凳 – 禾林 | 凳子"),
        ("WriteBulletPoints", "- 品牌：禾林\n- 材质：实心榉木\n- 颜色：原木色\n- 高度：45厘米"),
        ("WriteImageAlt", "帆布凳，实心榉木，原木色"),
        ("WriteShortDescription", "品牌为禾林。材质为实心榉木。颜色为原木色。"),
    ],
)
def test_in_chinese(kind, text):
    more = {"name": "帆布凳", "language": "zh-hans", "brand": "禾林", "category": "凳子"}

    assert written(kind, ZH, **more) == text


def test_a_title_drops_what_has_no_room_and_says_nothing_twice():
    assert written("WriteSEOTitle", limit=24) == "Canvas Stool – Hollin"
    assert written("WriteSEOTitle", name="Hollin Stool", category="Stool") == "Hollin Stool"
    assert (
        written("WriteSEOTitle", name="A very long name of a stool with four legs", limit=20)
        == "A very long name of"
    )


def test_guidance_holds_for_all_of_them():
    words = Guidance(banned=("oak",))

    for kind in ALL:
        assert "oak" not in written(kind, guidance=words).lower()


def test_points_in_another_language_are_left_for_a_person():
    with pytest.raises(WrongLanguage):
        written("WriteBulletPoints", ZH, brand=None)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(("more", "missing"), [({"name": " "}, ["name"]), ({"language": "fr"}, ["language"])])
def test_what_is_missing_is_named(kind, more, missing):
    with pytest.raises(Declined) as refused:
        written(kind, **more)

    assert list(refused.value.missing) == missing


@pytest.mark.parametrize("kind", ["WriteShortDescription", "WriteSEODescription", "WriteBulletPoints"])
def test_too_few_facts_are_no_text(kind):
    with pytest.raises(Declined):
        written(kind, {"Material": "Oak"})


def test_a_title_and_an_image_text_need_no_facts():
    assert written("WriteSEOTitle", {}) == "Canvas Stool – Hollin | Stools"
    assert written("WriteImageAlt", {}) == "Canvas Stool"
