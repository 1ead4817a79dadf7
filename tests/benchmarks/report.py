"""What a benchmark or a run of chaos says: printed as lines, kept as a file in build/."""

from __future__ import annotations

import json
import operator
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

BUILD = Path(__file__).resolve().parents[2] / "build"
REACHED = {"=": operator.eq, "≤": operator.le, "≥": operator.ge}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number, beside the number it has to reach."""

    name: str
    value: float
    unit: str
    target: str = ""
    """A sign of REACHED and a number, with a space between them."""
    detail: str = ""

    @property
    def reached(self) -> bool:
        """Whether the number is as it should be; without a target it always is."""
        sign, _, number = self.target.partition(" ")
        return not sign or bool(REACHED[sign](self.value, float(number)))


def machine() -> str:
    """The kind of machine, as far as it matters."""
    model = next(
        (line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}"


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def show(figures: list[Figure]) -> None:
    for figure in figures:
        target = f"   target {figure.target}" if figure.target else ""
        missed = "" if figure.reached else "   MISSED"
        print(
            f"{figure.name:<44} {figure.value:>10.2f} {figure.unit:<12}{target}{missed}   {figure.detail}",
            flush=True,
        )


def publish(figures: list[Figure], path: Path = BUILD / "bench.json") -> None:
    """Print them and merge them into the file."""
    show(figures)
    path.parent.mkdir(exist_ok=True, parents=True)
    kept = json.loads(path.read_text()) if path.exists() else {}
    for figure in figures:
        told = asdict(figure)
        kept[told.pop("name")] = {**told, "machine": machine()}
    path.write_text(json.dumps(kept, indent=2, ensure_ascii=False))
