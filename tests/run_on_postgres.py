"""Runs the tests against a private PostgreSQL: `python -m tests.run_on_postgres [arguments of pytest]`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests import services

DEFAULT = ("-m", "not browser and not lm and not gpu")


def main(arguments: list[str]) -> int:
    try:
        with services.postgres() as server:
            command = [sys.executable, "-m", "pytest", *(arguments or DEFAULT)]
            # Told to end, it takes the tests and the server with it.
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
            running = subprocess.Popen(command, env={**os.environ, **server.environment()})
            try:
                return running.wait()
            finally:
                running.terminate()
                running.wait()
    except services.Unavailable as reason:
        print(f"The tests were not run on PostgreSQL: {reason}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
