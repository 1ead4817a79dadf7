"""Everything here needs a CUDA device, and says so where there is none. `pytest -m gpu`"""

from __future__ import annotations

import pytest

from tests.lm import tiny


@pytest.fixture(scope="session")
def cuda():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("There is no CUDA device here.")
    return torch.device("cuda")


@pytest.fixture(scope="session")
def folder(cuda, tmp_path_factory):
    """The two tiny checkpoints, as on the CPU."""
    folder = tmp_path_factory.mktemp("checkpoints")
    tiny.build(folder / "tiny")
    tiny.build(folder / "sliding", sliding=True)
    return folder


@pytest.fixture
def on_gpu(folder):
    """Makes open backends on the GPU, and closes them afterwards."""
    from shop_ai.lm.local import LocalBackend

    opened = []

    def make(checkpoint="tiny", **options):
        given = {"folder": folder, "device": "cuda", "engine": "manager", **options}
        backend = LocalBackend(checkpoint, given)
        backend.open()
        opened.append(backend)
        return backend

    yield make
    for backend in opened:
        backend.close()
