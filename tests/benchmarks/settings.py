"""The demo store on PostgreSQL and Redis with the embedded language model, as the benchmarks run it."""

from __future__ import annotations

import json
import os

from demo_store.settings import *  # noqa: F403
from demo_store.settings import SHOP_AI

SHOP_AI = {
    **SHOP_AI,
    "SKILLS": [os.environ.get("BENCH_SKILL", "tests.benchmarks.skill.DescribeOnce")],
    "LM": {
        "BACKEND": os.environ.get("SHOP_LM", "shop_ai.lm.local.LocalBackend"),
        "CHECKPOINT": os.environ.get("BENCH_CHECKPOINT", "smollm2-135m"),
        "OPTIONS": json.loads(os.environ.get("BENCH_OPTIONS", "{}")),
    },
    "CHECKPOINTS": os.environ.get("BENCH_CHECKPOINTS", "~/.cache/shop_ai/checkpoints"),
}
DEBUG = False
SECRET_KEY = "a-benchmark-needs-no-secret"
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
