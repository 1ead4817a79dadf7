"""`python -m tests.benchmarks [name]`"""

from __future__ import annotations

import sys

from tests.benchmarks import describe, engine, enqueue, gpu, ring
from tests.benchmarks.report import machine, publish

BENCHES = {
    "describe": describe.run,
    "engine": engine.run,
    "enqueue": enqueue.run,
    "gpu": gpu.run,
    "ring": ring.run,
}


def main(names: list[str]) -> int:
    unknown = sorted(set(names) - set(BENCHES))
    if unknown:
        print(f"No benchmark {', '.join(unknown)}; there are {', '.join(BENCHES)}.", file=sys.stderr)
        return 2
    print(f"On {machine()}")
    for name in names or BENCHES:
        publish(BENCHES[name]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
