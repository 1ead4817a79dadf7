"""The shorter texts in the demo store: asked for, put together or written, applied, reverted."""

from __future__ import annotations

import copy

import pytest

from shop_ai import jobs
from shop_ai.models import Suggestion
from tests.admin.test_actions import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def texts(settings):
    """The demo's settings with these skills, and with these bindings of the long text."""

    def use(*names, **fields):
        made = copy.deepcopy(settings.SHOP_AI)
        made["SKILLS"] = [f"shop_ai.skills.{name}" for name in names]
        made["ROLES"]["product"]["FIELDS"] |= fields
        settings.SHOP_AI = made

    return use


def test_a_title_is_put_together_applied_and_reverted(texts, product, work, boss):
    texts("WriteSEOTitle")
    jobs.enqueue("write_seo_title", product)
    work()
    suggestion = Suggestion.objects.get()

    jobs.apply(suggestion, by=boss.user)
    product.refresh_from_db()

    assert product.meta_title == "Step stool – Ondalis | Kitchen"
    suggestion.refresh_from_db()
    jobs.revert(suggestion, by=boss.user)
    product.refresh_from_db()
    assert product.meta_title == ""


def test_the_panel_says_that_code_wrote_it(texts, product, work, boss):
    texts("WriteSEOTitle")
    jobs.enqueue("write_seo_title", product)
    work()

    shown = text(boss.get(f"/admin/catalogue/product/{product.pk}/change/"))

    assert "Write SEO title" in shown
    (version,) = _versions(boss, product)
    assert version.by == "put together from the facts"


def _versions(boss, product):
    from shop_ai.admin.offers import offer
    from shop_ai.roles import binding_for

    return offer(binding_for(type(product)), Suggestion.objects.get(), product).versions


@pytest.mark.parametrize(
    ("form", "stored"),
    [
        (
            "html",
            "<ul><li>Brand: Ondalis</li><li>Material: beech wood</li><li>Height: 42 cm</li>"
            "<li>Care: wipe with a dry cloth</li></ul>",
        ),
        (
            "markdown",
            "- Brand: Ondalis\n- Material: beech wood\n- Height: 42 cm\n- Care: wipe with a dry cloth",
        ),
        ("text", "- Brand: Ondalis\n- Material: beech wood\n- Height: 42 cm\n- Care: wipe with a dry cloth"),
    ],
)
def test_points_in_the_form_that_the_store_keeps(texts, product, work, boss, form, stored):
    texts("WriteBulletPoints", description="title", bullet_points={"READ": "long_text", "FORMAT": form})
    jobs.enqueue("write_bullet_points", product)
    work()

    jobs.apply(Suggestion.objects.get(), by=boss.user)

    product.refresh_from_db()
    assert product.long_text == stored


def test_one_that_the_store_has_no_field_for_stays_with_its_job(texts, product, work):
    texts("WriteImageAlt")
    jobs.enqueue("write_image_alt", product)
    work()

    suggestion = Suggestion.objects.select_related("job").get()
    assert suggestion.after == {}
    assert suggestion.job.output == {"image_alt": "Step stool, beech wood"}
