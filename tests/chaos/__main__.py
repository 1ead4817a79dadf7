"""`python -m tests.chaos [name …] [--long] [--seed n] [--share x] [--json path]`"""

from __future__ import annotations

import argparse
import random
import signal
import sys
from pathlib import Path
from typing import Any

from tests import services
from tests.benchmarks.report import BUILD, machine, publish
from tests.chaos.scenarios import FILES, scenario
from tests.chaos.stage import staged

INTERRUPTED = 130


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*FILES, []], metavar="name", help=", ".join(FILES))
    parser.add_argument("--long", action="store_true", help="the long form, at the lease that is shipped")
    parser.add_argument("--seed", type=int, help="the same seed gives the same faults")
    parser.add_argument("--share", type=float, default=1.0, help="of the jobs and faults of that form")
    parser.add_argument("--json", type=Path, default=BUILD / "chaos.json", help="where the figures go")
    return parser.parse_args(given)


def main(given: list[str]) -> int:
    asked = arguments(given)
    seed = random.randrange(10**6) if asked.seed is None else asked.seed
    print(f"On {machine()}; seed {seed}", flush=True)
    figures = []
    try:
        with staged(BUILD / "chaos", seed=seed, long=asked.long, share=asked.share) as stage:
            for name in asked.names or FILES:
                found = scenario(name)(stage)
                publish(found, asked.json)
                figures += found
    except services.Unavailable as reason:
        print(f"Chaos needs servers of its own: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; workers and servers are gone.", file=sys.stderr)
        return INTERRUPTED
    missed = [figure.name for figure in figures if not figure.reached]
    print(f"Missed: {', '.join(missed)}" if missed else f"{len(figures)} figures, none missed; seed {seed}")
    return 1 if missed else 0


def interrupt(*_: Any) -> None:
    """Once: a second Ctrl-C must not stop the cleaning up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    sys.exit(main(sys.argv[1:]))
