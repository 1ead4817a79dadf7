"""Every backend of ours against the one conformance suite."""

from __future__ import annotations

import subprocess
import sys

import pytest

from shop_ai.lm.base import Backend, Candidate, Completion
from shop_ai.lm.echo import EchoBackend
from shop_ai.lm.hostile import HostileBackend
from shop_ai.lm.local import LocalBackend
from shop_ai.testing import BackendContract


class TestEcho(BackendContract):
    def make_backend(self):
        return EchoBackend(options={"latency": 0.01, "room": 8, "adapters": ["scores"]})


class TestHostile(BackendContract):
    def make_backend(self):
        return HostileBackend(options={"adapters": []})


class Plain(EchoBackend):
    """A backend that can only write free text."""

    schema = choose = adapters = False


class TestFlags(BackendContract):
    def make_backend(self):
        return Plain()


class TestLocal(BackendContract):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _checkpoint(cls, folder, adapter_folder):
        cls.options = {"folder": folder, "adapter_folder": adapter_folder, "device": "cpu", "rows": 12}

    def make_backend(self):
        return LocalBackend("tiny", self.options)


class TestLocalInBfloat16(TestLocal):
    def make_backend(self):
        return LocalBackend("tiny", {**self.options, "dtype": "bfloat16"})


class TestLocalStatic(TestLocal):
    def make_backend(self):
        return LocalBackend("sliding", self.options)


class TestManager(TestLocal):
    def make_backend(self):
        return LocalBackend("tiny", {**self.options, "engine": "manager", "cache_tokens": 16384})


class TestManagerSliding(TestLocal):
    def make_backend(self):
        return LocalBackend("sliding", {**self.options, "engine": "manager", "cache_tokens": 16384})


class TestApart(TestLocal):
    def make_backend(self):
        return LocalBackend.build("tiny", {**self.options, "process": "own"})


@pytest.mark.lm
class TestEmbedded(BackendContract):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _checkpoint(cls, embedded):
        pass

    def make_backend(self):
        return LocalBackend("smollm2-135m", {"device": "cpu", "rows": 12})


def test_naming_a_backend_loads_nothing_heavy():
    """The settings check imports the class in the web process."""
    code = (
        "import sys, shop_ai.lm.local, shop_ai.lm.checkpoints, shop_ai.lm.hostile; "
        "print([name for name in ('torch', 'transformers', 'numpy', 'django') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_backend_needs_no_more_than_submit():
    class Smallest(Backend):
        def submit(self, request):
            raise NotImplementedError

    backend = Smallest("name")

    backend.open()
    backend.close()

    assert backend.describe() == {"backend": "Smallest", "checkpoint": "name"}
    assert Completion(candidates=(Candidate(text="x", tokens=1),)).candidates[0].finish == "stop"
    assert BackendContract.make_backend.__doc__
