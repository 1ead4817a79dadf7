"""Conditions on rows, on the awkward store: keys that are no numbers."""

from __future__ import annotations

import pytest
from django.db import models

from shop_ai.admin import rows
from shop_ai.models import Job, Suggestion
from shop_ai.models.clock import now
from shop_ai.models.job import database
from shop_ai.roles import bindings
from shop_ai.skills import DescribeProduct


def test_a_uuid_key_is_matched_as_the_job_keeps_it(awkward, db):
    binding = bindings()["product"]
    assert isinstance(binding.model._meta.pk, models.UUIDField | models.OneToOneField | models.AutoField)
    keys = binding.model._base_manager.filter(rows.live(binding, DescribeProduct()))

    assert list(keys) == []
    assert Job.objects.count() == Suggestion.objects.count() == 0
    assert now(database())


@pytest.mark.parametrize("column", [models.CharField(), models.TextField()])
def test_an_empty_text_is_null_or_nothing(column):
    column.set_attributes_from_name("text")

    assert rows.empty(column) == models.Q(text__isnull=True) | models.Q(text="")


def test_other_columns_are_empty_when_null():
    column = models.IntegerField()
    column.set_attributes_from_name("number")

    assert rows.empty(column) == models.Q(number__isnull=True)
