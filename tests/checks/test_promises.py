"""What holds for all checks together."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import registry

from shop_ai import checks
from shop_ai.checks.messages import IDS

HERE = Path(__file__).parent
SKILLS_OWN = {"E060", "E061", "E062", "E063"}
"""Said by the skills themselves, and tested with them."""


def test_every_id_has_a_test_named_by_it():
    named = {
        number
        for file in HERE.glob("test_*.py")
        for number in re.findall(r"def test_([EW]\d{3})_", file.read_text())
    }

    assert named == set(IDS) - SKILLS_OWN


def test_every_number_is_used_once_and_by_the_code():
    numbers = [number[1:] for number in IDS]
    code = "".join(
        file.read_text() for file in Path(checks.__file__).parent.glob("*.py") if file.stem != "messages"
    )
    unused = [number for number in IDS if f'"{number}"' not in code and number not in SKILLS_OWN]

    assert len(numbers) == len(set(numbers))
    assert unused == ["E001", "E002", "E003"]  # these come from conf.py


def test_the_demo_store_has_no_error():
    assert [found for found in checks.check_settings() if found.is_serious()] == []


def test_manage_py_check_runs_them(monkeypatch):
    fresh = registry.CheckRegistry()
    monkeypatch.setattr(checks, "register", fresh.register)

    checks.register_all()

    assert fresh.tags_available() == {"shop_ai"}


def test_settings_that_cannot_be_read_are_told_alone(store):
    numbers = [number for number, _, _ in store.set(SKILS=[], LEASE="long", LANGUAGES=[]).messages()]

    assert numbers == ["E002", "E001"]


@pytest.mark.django_db(databases=["default", "suppliers"])
def test_no_check_makes_a_query(store, django_assert_num_queries):
    store.role(FILTER={"maker__title": "Holm"}).set(ON_CREATE={"describe_product": {"archived": False}})

    with django_assert_num_queries(0), django_assert_num_queries(0, using="suppliers"):
        store.messages()


def test_no_check_imports_torch():
    code = """
import sys, django
django.setup()
from shop_ai.checks import check_settings
print([found.id for found in check_settings()])
heavy = {"torch", "transformers", "numpy"} & set(sys.modules)
sys.exit(f"imported: {heavy}" if heavy else 0)
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "demo_store.settings"}

    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
