"""Fixtures with language models: tiny ones with random weights, and the embedded one."""

from __future__ import annotations

import pytest

from tests.lm import tiny


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with two tiny checkpoints: "tiny" (full attention) and "sliding"."""
    folder = tmp_path_factory.mktemp("checkpoints")
    tiny.build(folder / "tiny")
    tiny.build(folder / "sliding", sliding=True)
    return folder


@pytest.fixture(scope="session")
def embedded():
    """The embedded checkpoint in the default folder, installed when it is not there."""
    from shop_ai.lm import checkpoints

    return checkpoints.install("smollm2-135m")


@pytest.fixture
def local(folder):
    """Makes open backends on the CPU in fp32, and closes them afterwards."""
    from shop_ai.lm.local import LocalBackend

    opened = []

    def make(checkpoint="tiny", **options):
        backend = LocalBackend(checkpoint, {"folder": folder, "device": "cpu", "dtype": "float32", **options})
        backend.open()
        opened.append(backend)
        return backend

    yield make
    for backend in opened:
        backend.close()
