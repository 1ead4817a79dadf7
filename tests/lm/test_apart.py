"""The local backend in a process of its own: what crosses the border, and what happens when one side ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from shop_ai.exceptions import BackendError, CheckpointError, DeadBackend, RequestTooLarge
from shop_ai.lm.base import Choose, Generate
from shop_ai.lm.local import LocalBackend
from shop_ai.lm.local.apart import ApartBackend
from shop_ai.lm.local.serving import Server
from shop_ai.testing import ask
from tests.celery.harness import wait_until

WITHIN = 60
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def apart(folder, adapter_folder):
    opened = []

    def make(**options):
        given = {"folder": folder, "adapter_folder": adapter_folder, "device": "cpu", "dtype": "float32"}
        backend = LocalBackend.build("tiny", {**given, "process": "own", **options})
        opened.append(backend)
        backend.open()
        return backend

    yield make
    for backend in opened:
        backend.close()


def gone(pid):
    """Whether there is no such process, or only what its parent has not looked at yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


LONG = Generate(messages=ask("kettle"), max_tokens=400)


def test_it_answers_as_the_same_backend_in_this_process_does(apart, local):
    wanted = [
        *(Generate(messages=ask(text), max_tokens=20) for text in ("one", "two")),
        Choose(messages=ask("three"), answers=("good", "bad")),
    ]
    other, inside = apart(), local()

    for request in wanted:
        ours, theirs = (one.submit(request).result(WITHIN) for one in (other, inside))

        assert ours.candidates == theirs.candidates
        assert ours.probabilities == pytest.approx(theirs.probabilities)


def test_it_tells_the_same_of_itself(apart, local):
    other, inside = apart(), local()
    changing = {"load_seconds", "tokens_per_second", "backend", "process"}

    told = {name: value for name, value in other.describe().items() if name not in changing}

    assert told == {name: value for name, value in inside.describe().items() if name not in changing}
    assert (other.room, other.describe()["process"]) == (inside.room, "own")


def test_errors_keep_their_class_and_their_words(apart):
    backend = apart()
    request = Generate(messages=ask("kettle " * 4000), max_tokens=400)

    with pytest.raises(RequestTooLarge, match="tokens"):
        backend.submit(request).result(WITHIN)


def test_a_checkpoint_that_cannot_be_used_is_refused_in_the_same_words(apart, tmp_path):
    with pytest.raises(CheckpointError, match="ai_model install"):
        apart(folder=tmp_path)


def test_an_error_that_cannot_travel_arrives_as_its_words():
    said = []
    server = Server(None)
    server._connection = type("Connection", (), {"send_bytes": lambda self, some: said.append(some)})()

    class Odd(Exception):
        pass

    server._say("failed", 3, Odd("a lock inside"))

    assert b"a lock inside" in said[0]


def test_a_listener_that_fails_fails_its_own_request(apart):
    backend, heard = apart(), []

    def broken(text):
        raise ValueError("no room")

    fails = backend.submit(Generate(messages=ask("one"), max_tokens=30, on_text=broken))
    other = backend.submit(Generate(messages=ask("two"), max_tokens=30, on_text=heard.append))

    with pytest.raises(BackendError, match="no room"):
        fails.result(WITHIN)
    assert other.result(WITHIN).candidates[0].text == heard[-1]


def test_what_waits_fails_when_the_process_dies_and_so_does_what_comes_later(apart):
    backend = apart()
    first = backend.submit(LONG)
    backend._process.kill()

    with pytest.raises(DeadBackend, match="killed by signal 9"):
        first.result(WITHIN)
    with pytest.raises(DeadBackend):
        backend.submit(LONG).result(WITHIN)
    assert "killed by signal 9" in backend.describe()["error"]


def test_closing_gives_back_what_is_being_written(apart):
    backend = apart()
    future = backend.submit(LONG)

    backend.close()

    with pytest.raises(CancelledError):
        future.result(WITHIN)
    assert gone(backend._process.pid)


def test_signals_to_the_group_do_not_end_it(apart):
    backend = apart()

    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(backend._process.pid, number)

    assert backend.submit(Generate(messages=ask("one"), max_tokens=5)).result(WITHIN).candidates


def test_it_ends_with_whoever_started_it(folder):
    code = (
        "import os, sys\n"
        "from shop_ai.lm.local import LocalBackend\n"
        f"options = {{'folder': {str(folder)!r}, 'device': 'cpu', 'process': 'own'}}\n"
        "backend = LocalBackend.build('tiny', options)\n"
        "backend.open()\n"
        "print(backend._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    pid = int(done.stdout)

    wait_until(lambda: gone(pid), "the process of the language model to end", WITHIN)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, LocalBackend),
        ({"device": "cuda"}, ApartBackend),
        ({"device": "cuda:1", "process": "same"}, LocalBackend),
        ({"device": "cpu", "process": "own"}, ApartBackend),
        ({"device": "cpu"}, LocalBackend),
    ],
)
def test_it_is_taken_on_a_gpu_and_where_it_is_asked_for(options, kind, monkeypatch):
    monkeypatch.setattr("shop_ai.lm.local.options.NVIDIA", "/nowhere")

    assert type(LocalBackend.build("tiny", options)) is kind


@pytest.mark.parametrize(("visible", "kind"), [(None, ApartBackend), ("0", ApartBackend), ("", LocalBackend)])
def test_a_gpu_is_one_whose_driver_is_there_and_that_is_not_hidden(visible, kind, monkeypatch):
    monkeypatch.setattr("shop_ai.lm.local.options.NVIDIA", "/dev/null")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert type(LocalBackend.build("tiny", {})) is kind
