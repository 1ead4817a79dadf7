"""Conditions on rows and reading of values on the awkward store: keys no numbers, fields no columns."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import models

from shop_ai import jobs
from shop_ai.admin import rows
from shop_ai.admin.mixin import ShopAIMixin
from shop_ai.admin.offers import readable
from shop_ai.conf import FieldConfig
from shop_ai.models import Job
from shop_ai.roles import Binding, bindings
from shop_ai.roles.vocabulary import PRODUCT
from shop_ai.skills import skill
from tests.roles.rows import product as awkward_product
from tests.stores.awkward.models import Book


@pytest.fixture
def binding(awkward, db):
    return bindings()["product"]


def test_a_uuid_key_is_matched_as_the_job_keeps_it(binding):
    asked, row = skill("describe_product"), awkward_product()
    awkward_product("Another")
    jobs.enqueue("describe_product", row)

    found = binding.model._base_manager.filter(rows.live(binding, asked))

    assert [one.pk for one in found] == [row.pk]
    assert Job.objects.get().target_id == str(row.pk)


def test_a_key_behind_inheritance_is_matched_as_well(binding):
    settings = binding.settings
    book = Book.objects.create(isbn="1")
    inherited = Binding(PRODUCT, settings, {})
    inherited.__dict__["model"] = Book
    Job.objects.bulk_create(
        [
            Job(
                skill="describe_product",
                target_model="awkward.book",
                target_id=str(book.pk),
                rank="2026-01-01T00:00Z",
                available_at="2026-01-01T00:00Z",
                queue_key="k",
            )
        ]
    )

    found = Book._base_manager.filter(rows.live(inherited, skill("describe_product")))

    assert [one.pk for one in found] == [book.pk]


def test_an_admin_of_the_model_behind_a_bound_proxy_is_extended(binding):
    model_admin = type("X", (ShopAIMixin, admin.ModelAdmin), {})(Book, admin.AdminSite())

    assert [one.name for one in model_admin.shop_ai_skills()] in (["describe_product"], [])


def test_where_a_field_is_no_column_sql_cannot_tell(binding):
    assert rows.has_text(binding, skill("describe_product")) is None


@pytest.mark.parametrize("column", [models.CharField(), models.TextField()])
def test_an_empty_text_is_null_or_nothing(column):
    column.set_attributes_from_name("text")

    assert rows.empty(column) == models.Q(text__isnull=True) | models.Q(text="")


def test_other_columns_are_empty_when_null():
    column = models.IntegerField()
    column.set_attributes_from_name("number")

    assert rows.empty(column) == models.Q(number__isnull=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), (4, "4"), (["light", "flat"], "light, flat"), ("as it is", "as it is")],
)
def test_values_of_any_kind_are_readable(binding, value, expected):
    assert readable(binding, "seo_title", value) == expected


def test_what_the_store_keeps_as_html_is_compared_without_its_tags(binding):
    binding.fields = {**binding.fields, "seo_title": FieldConfig(READ="slogan", FORMAT="html")}

    assert readable(binding, "seo_title", "<p>One &amp; two</p>") == "One & two"
    assert readable(binding, "seo_title", "a < b", ours=True) == "a < b"
