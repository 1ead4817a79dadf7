"""Texts in the form that a store's column keeps."""

from __future__ import annotations

import copy

import pytest

from shop_ai import jobs
from shop_ai.models import Suggestion
from shop_ai.models.finish import Result, finish
from shop_ai.skills import Answer, WriteBulletPoints
from tests.roles.rows import product
from tests.shop import Hand

pytestmark = pytest.mark.django_db


def test_points_are_a_list_in_a_json_column_and_come_back_as_it_was(awkward):
    made = copy.deepcopy(awkward.SHOP_AI)
    made["SKILLS"] = ["shop_ai.skills.WriteBulletPoints"]
    made["ROLES"]["product"]["FIELDS"]["bullet_points"] = "texts"
    awkward.SHOP_AI = made
    row = product()
    type(row).everything.filter(pk=row.pk).update(specs={"material": "oak", "size": "large"})
    row.refresh_from_db()
    before = copy.deepcopy(row.texts)
    jobs.enqueue("write_bullet_points", row)
    hand = Hand()
    job = hand.one()
    run = hand.read(job)
    output = WriteBulletPoints.Output(bullet_points="- Oak\n- 80 cm wide")
    finish(job, Result(answer=Answer(output=output, candidates=(output,)), reading=run.reading()))
    suggestion = Suggestion.objects.get()

    jobs.apply(suggestion, by=None)

    row.refresh_from_db()
    assert row.texts == ["Oak", "80 cm wide"]
    suggestion.refresh_from_db()
    jobs.revert(suggestion, by=None)
    row.refresh_from_db()
    assert row.texts == before
