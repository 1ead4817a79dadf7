"""The engine alone, without jobs and broker: free text, choices, schemas, chat beside bulk, llama.cpp."""

from __future__ import annotations

import os

from tests.benchmarks.report import Figure


def run() -> list[Figure]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.settings")
    import django

    django.setup()
    from tests.benchmarks.engine import chat, choose, llama, schema, text
    from tests.benchmarks.engine.subjects import opened

    with opened() as backend:
        found = [*text.run(backend), *choose.run(backend), *schema.run(backend), *chat.run(backend)]
    return [*found, *llama.run()]
