"""django-oscar as a store somebody else wrote: install, write, apply, revert."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
pytest.importorskip("oscar", reason="django-oscar is not installed (extra `stores`)")


def test_description_is_written_applied_and_reverted_in_oscar(tmp_path: Path) -> None:
    environment = {**os.environ, "OSCAR_VAR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)

    done = subprocess.run(
        [sys.executable, "-m", "tests.stores.oscar.smoke"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["state"] == "succeeded"
    assert {"attributes", "name"} <= set(report["prompt_facts"])
    assert "stoneware" in report["applied"]
    assert report["applied"].startswith("<p>")
    assert report["reverted_to"] == ""


def test_a_store_developer_writes_at_most_thirty_lines() -> None:
    written = [
        line
        for line in (HERE / "with_ai.py").read_text().splitlines()
        if line.strip() and not line.startswith(('"""', "from ", "import "))
    ]

    assert len(written) <= 30
