"""The demo store on PostgreSQL and Redis with the embedded language model, as the benchmarks run it."""

from __future__ import annotations

import os

from demo_store.settings import *  # noqa: F403
from demo_store.settings import SHOP_AI

SHOP_AI = {
    **SHOP_AI,
    "SKILLS": [os.environ.get("BENCH_SKILL", "tests.benchmarks.skill.DescribeOnce")],
    "LM": {
        "BACKEND": os.environ.get("SHOP_LM", "shop_ai.lm.local.LocalBackend"),
        "CHECKPOINT": "smollm2-135m",
    },
}
DEBUG = False
SECRET_KEY = "a-benchmark-needs-no-secret"
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
