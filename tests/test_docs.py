"""Pages that are generated are what the code says now."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from shop_ai.conf import Config, FieldConfig, LMConfig, RoleConfig

DOCS = Path(__file__).parent.parent / "docs"
GENERATE = runpy.run_path(str(DOCS / "generate.py"))
KEYS = (Config, RoleConfig, FieldConfig, LMConfig)


@pytest.mark.parametrize("page", ["settings", "checks"])
def test_a_generated_page_is_up_to_date(page):
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")

    assert text == GENERATE[f"{page}_page"](), "run: python docs/generate.py"
