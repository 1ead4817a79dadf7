"""Stops asking a backend that keeps failing, and probes it now and then."""

from __future__ import annotations

import time

FAILURES = 5
PAUSE = 30.0


class Breaker:
    """Opens after FAILURES errors in a row that no input caused; one probe may pass every PAUSE seconds."""

    def __init__(self, pause: float = PAUSE) -> None:
        self.pause = pause
        self.failures = 0
        self._opened_at = 0.0

    def succeeded(self) -> None:
        self.failures = 0

    def failed(self) -> None:
        self.failures += 1
        self._opened_at = time.monotonic()

    @property
    def is_open(self) -> bool:
        return self.failures >= FAILURES

    def allows(self, wanted: int, in_flight: int) -> int:
        """How many new jobs may be taken now."""
        if not self.is_open:
            return wanted
        probing = in_flight > 0 or time.monotonic() - self._opened_at < self.pause
        return 0 if probing else min(1, wanted)
