"""`python -m tests.benchmarks.gpu [--tiny]`"""

from __future__ import annotations

import argparse
import os

from tests.benchmarks import gpu
from tests.benchmarks.gpu.scale import TINY
from tests.benchmarks.report import machine, publish, show

parser = argparse.ArgumentParser(description=gpu.__doc__)
parser.add_argument("--tiny", action="store_true", help="Try the script out on the CPU.")
print(f"On {machine()}")
if parser.parse_args().tiny:
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    show(gpu.measure(TINY))
    print("A dry run: every line ran, and the figures mean nothing.")
else:
    publish(gpu.run())
