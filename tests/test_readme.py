"""What README shows as code is run as it stands there."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest

from shop_ai import jobs
from shop_ai.lm.echo import EchoBackend
from shop_ai.models import Suggestion
from shop_ai.skills import skills
from shop_ai.testing import BackendContract
from shop_ai.worker import Worker
from tests.shop import product

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def shown(first_line):
    """The code block that begins with this line, as a module."""
    (code,) = re.findall(rf"```python\n{re.escape(first_line)}\n(.*?)```", README, re.DOTALL)
    module = types.ModuleType(first_line)
    exec(compile(code, first_line, "exec"), vars(module))
    return module


class TestShouting(BackendContract):
    def make_backend(self):
        return shown("# myshop/lm.py").Shouting()


@pytest.mark.django_db
def test_the_skill_writes(settings, monkeypatch):
    module = shown("# myshop/skills.py")
    monkeypatch.setitem(sys.modules, "myshop_skills", module)
    settings.SHOP_AI = {**settings.SHOP_AI, "SKILLS": ["myshop_skills.NameForSearch"]}
    row = product()
    jobs.enqueue("name_for_search", row)
    backend = EchoBackend()
    backend.open()

    Worker(backend).work_off(timeout=30)

    backend.close()
    assert list(skills()) == ["name_for_search"]
    assert 5 <= len(Suggestion.objects.get().after["seo_title"]) <= 60
