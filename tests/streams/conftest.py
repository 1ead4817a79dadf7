"""A job of a skill that streams."""

from __future__ import annotations

import pytest

from shop_ai import jobs
from shop_ai.models import Job
from tests.shop import product


@pytest.fixture
def job(transactional_db, carried):
    jobs.enqueue("tell_text", product())
    return Job.objects.get()
