"""The demo: everything started, shown and stopped; and what it says when that cannot be."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from demo_store.children import Child, Died, free_port
from demo_store.management.commands.demo import alone
from tests import services
from tests.celery.harness import ROOT, wait_until


class Demo:
    """`manage.py demo` in a folder of its own, on the echo backend."""

    def __init__(self, folder):
        self.folder = folder
        self.log = folder / "demo.log"
        self.process = None

    def start(self, *arguments, **environment):
        own = {
            "DJANGO_SETTINGS_MODULE": "demo_store.settings",
            "SHOP_VAR": str(self.folder),
            "SHOP_LM": "shop_ai.lm.echo.EchoBackend",
            "SHOP_DB": "sqlite",
        }
        command = [sys.executable, "manage.py", "demo", f"--port={services.free_port()}", *arguments]
        with self.log.open("a") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **own, **environment}, stdout=output, stderr=output
            )
        return self

    def wait(self):
        return self.process.wait(180)

    @property
    def text(self):
        return self.log.read_text()


@pytest.fixture
def demo(tmp_path):
    found = Demo(tmp_path)
    yield found
    if found.process is not None and found.process.poll() is None:
        found.process.terminate()
        found.wait()


def test_once_shows_what_was_written_and_stops_everything(demo):
    code = demo.start("--once").wait()

    assert code == 0, demo.text
    assert "Write description: 8 rows" in demo.text
    assert "before:  (nothing)" in demo.text
    assert "Declined: Not enough facts" in demo.text
    assert "http://127.0.0.1:" in demo.text
    assert "Warm shutdown" in (demo.folder / "logs" / "worker.log").read_text()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_stays_until_it_is_told_to_stop_and_takes_its_children_along(demo, how):
    if how == signal.SIGHUP and signal.getsignal(how) == signal.SIG_IGN:
        pytest.skip("run by nohup")
    demo.start()
    wait_until(lambda: "Ctrl-C stops everything" in demo.text or demo.process.poll() is not None, "the demo")

    demo.process.send_signal(how)

    assert demo.wait() == 0, demo.text
    assert "Warm shutdown" in (demo.folder / "logs" / "worker.log").read_text()


def test_a_worker_that_dies_is_shown_with_the_end_of_its_log(demo):
    code = demo.start("--once", SHOP_BROKER="nonsense://").wait()

    assert code == 1
    assert "The worker ended with code" in demo.text
    assert "nonsense" in demo.text.split("The end of", 1)[1]


def test_two_on_one_database_are_one_too_many(settings, tmp_path):
    settings.VAR = tmp_path
    with (tmp_path / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(Died, match="Another demo is running"), alone():
            pass

    with alone():
        pass


def test_a_port_that_is_taken_is_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert free_port(port) > port


def test_a_child_that_does_not_listen_is_killed(tmp_path):
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(600)"
    )
    child = Child("sleeper", [sys.executable, "-c", script], tmp_path / "log")
    wait_until(lambda: child.tail() == "deaf", "the child")

    child.check()
    child.terminate()

    assert child.wait(0.2) == -signal.SIGKILL


def test_a_child_that_died_tells_its_last_words(tmp_path):
    child = Child("speaker", [sys.executable, "-c", "print('farewell')"], tmp_path / "log")
    while child.process.poll() is None:
        time.sleep(0.05)

    with pytest.raises(Died, match=r"(?s)ended with code 0\..*farewell"):
        child.check()
    child.terminate()
    assert child.wait(1) == 0
