"""ai_model list and verify, where adapters lie beside the checkpoints; installing is in tests/lm."""

from __future__ import annotations

import pytest

from tests.lm import disk


@pytest.fixture
def installed(settings, tmp_path):
    """A checkpoint with an adapter that fits it and one that fits another; gives the folder of adapters."""
    first = disk.checkpoint(tmp_path / "checkpoints" / "first", "first")
    other = disk.checkpoint(tmp_path / "elsewhere" / "second", "second")
    disk.adapter(tmp_path / "adapters" / "red", first)
    disk.adapter(tmp_path / "adapters" / "blue", other)
    folders = {"CHECKPOINTS": tmp_path / "checkpoints", "ADAPTERS": tmp_path / "adapters"}
    settings.SHOP_AI = {**settings.SHOP_AI, **folders}
    return tmp_path / "adapters"


def test_the_list_says_which_adapter_fits(run, installed):
    lines = run("ai_model", "list").out.splitlines()

    assert lines[-3:] == [
        "blue  adapter  0 MB  BSD-3-Clause  fits none of these (second)",
        "red  adapter  0 MB  BSD-3-Clause  fits first",
        f"Folder of adapters: {installed}",
    ]


@pytest.mark.parametrize(("name", "files"), [("red", 2), ("first", 3)])
def test_what_is_as_it_was_installed_is_intact(run, installed, name, files):
    said = run("ai_model", "verify", name)

    assert said.code == 0
    assert said.out.startswith(f"{name} is intact: {files} files, weights ")


def test_an_adapter_that_was_changed_is_told(run, installed):
    (installed / "red" / "adapter_config.json").write_text("[]")

    said = run("ai_model", "verify", "red")

    assert said.code == 1
    assert "was changed" in said.error


def test_a_name_that_nothing_has_is_taken_for_a_checkpoint(run, installed):
    said = run("ai_model", "verify", "green")

    assert (said.code, "ai_model install green" in said.error) == (1, True)
