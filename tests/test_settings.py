"""The suite's own settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_everything_is_written_where_SHOP_VAR_says(tmp_path):
    """A fresh clone has no `var` of its own then."""
    code = "from tests.settings import DATABASES; print(DATABASES['default']['TEST']['NAME'])"
    environment = {**os.environ, "SHOP_VAR": str(tmp_path / "elsewhere"), "TEST_DATABASE": "sqlite"}

    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)

    folder = Path(done.stdout.strip()).parent
    assert (folder, folder.is_dir()) == (tmp_path / "elsewhere", True), done.stderr
