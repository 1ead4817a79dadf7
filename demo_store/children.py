"""Processes that the demo starts: each with a log of its own, all gone when the demo ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path


class Died(Exception):
    """A process ended that should have gone on."""


class Child:
    """One process, with its output in a file."""

    def __init__(self, name: str, command: Sequence[str], log: Path) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w") as output:
            # A session of its own: Ctrl-C goes to the demo, which then ends everything in order.
            self.process = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise `Died` with the end of the log when it is no longer there."""
        code = self.process.poll()
        if code is not None:
            raise Died(f"The {self.name} ended with code {code}. The end of {self.log}:\n{self.tail()}")

    def tail(self, lines: int = 20) -> str:
        """The last lines it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def terminate(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> int:
        """Wait for its end after `terminate`; who does not listen is killed."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.wait()

    def kill(self) -> None:
        """At once, with whatever it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)


def stop(children: Sequence[Child], grace: float) -> None:
    """End them all in good order; a second Ctrl-C ends them at once."""
    for child in children:
        child.terminate()
    try:
        for child in children:
            child.wait(grace)
    except KeyboardInterrupt:
        for child in children:
            child.kill()
        raise


def free_port(wanted: int, host: str = "127.0.0.1") -> int:
    """The wanted port, or the next one that is free."""
    for port in range(wanted, min(wanted + 100, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise Died(f"No port from {wanted} to {wanted + 99} is free; choose another with --port.")
