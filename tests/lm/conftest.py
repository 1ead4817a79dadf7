"""Fixtures with language models: tiny ones with random weights, and the embedded one."""

from __future__ import annotations

import pytest

from shop_ai.lm import checkpoints
from tests.lm import tiny


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with two tiny checkpoints: "tiny" (full attention) and "sliding"."""
    folder = tmp_path_factory.mktemp("checkpoints")
    tiny.build(folder / "tiny")
    tiny.build(folder / "sliding", sliding=True)
    return folder


@pytest.fixture(scope="session")
def adapter_folder(folder, tmp_path_factory):
    """A folder with adapters for them: "red" and "blue" for the first, "green" for the second."""
    found = tmp_path_factory.mktemp("adapters")
    first, second = (checkpoints.verify(name, folder) for name in ("tiny", "sliding"))
    tiny.adapter(found / "red", first, seed=1, temperatures={"score_review": 2.5})
    tiny.adapter(found / "blue", first, seed=2, target_modules="all-linear", use_rslora=True)
    tiny.adapter(found / "green", second, seed=3)
    return found


@pytest.fixture(scope="session")
def embedded():
    """The embedded checkpoint in the default folder, installed when it is not there."""
    return checkpoints.install("smollm2-135m")


@pytest.fixture
def local(folder, adapter_folder):
    """Makes open backends on the CPU in fp32, and closes them afterwards."""
    from shop_ai.lm.local import LocalBackend

    opened = []

    def make(checkpoint="tiny", **options):
        folders = {"folder": folder, "adapter_folder": adapter_folder}
        backend = LocalBackend(checkpoint, {**folders, "device": "cpu", "dtype": "float32", **options})
        backend.open()
        opened.append(backend)
        return backend

    yield make
    for backend in opened:
        backend.close()
