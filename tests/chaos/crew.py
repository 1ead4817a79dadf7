"""Workers of one scenario, each replaced as soon as it is gone."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Protocol


class Worker(Protocol):
    """As much of a worker process as faults need."""

    process: object

    def start(self, *, ready: bool, **environment: str) -> object: ...
    def awake(self) -> bool: ...
    def ended(self) -> int | None: ...
    def send(self, number: int) -> None: ...
    def kill(self) -> None: ...
    def close(self) -> None: ...


class Crew:
    """`hire(n)` makes the n-th worker; `arm()` gives the environment of the next that is started."""

    def __init__(self, hire: Callable[[int], Worker], arm: Callable[[], dict[str, str]] = dict) -> None:
        self._hire = hire
        self._arm = arm
        self.workers: list[Worker] = []
        self.frozen: list[Worker] = []
        self.killed = 0
        """By us, or by a failpoint."""
        self.ended = 0
        """By themselves."""

    def start(self, number: int) -> None:
        for _ in range(number):
            self.workers.append(self._hire(len(self.workers)))
            self.workers[-1].start(ready=False, **self._arm())

    def awake(self) -> list[Worker]:
        """Those that are at work."""
        return [worker for worker in self.workers if worker not in self.frozen and worker.awake()]

    def mend(self) -> None:
        """Start anew whatever has ended."""
        for worker in self.workers:
            code = worker.ended()
            if code is not None:
                killed = code == -signal.SIGKILL
                self.killed, self.ended = self.killed + killed, self.ended + (not killed)
                worker.start(ready=False, **self._arm())

    def kill(self, worker: Worker) -> None:
        """kill -9; `mend` counts and replaces it."""
        self.thaw(worker)
        worker.kill()

    def freeze(self, worker: Worker) -> None:
        self.frozen.append(worker)
        worker.send(signal.SIGSTOP)

    def thaw(self, worker: Worker) -> None:
        if worker in self.frozen:
            self.frozen.remove(worker)
            worker.send(signal.SIGCONT)

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
