"""The manifest of an adapter: its files with their hashes, the weights it fits, its calibration. No torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import inf
from pathlib import Path

from shop_ai.exceptions import AdapterError, AdapterMisfit
from shop_ai.lm import checkpoints
from shop_ai.lm.checkpoints.contents import ADAPTER, MANIFEST, inspect, sha256, weights_sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an installed adapter is made of, and what it is made for."""

    name: str
    checkpoint: str
    """Name of the checkpoint that it was trained on."""
    fits: str
    """`weights_sha256` of that checkpoint. Another conversion of the same published weights has another."""
    weights_sha256: str
    """Hash of its own tensors: what provenance shows."""
    licence: str
    files: Mapping[str, tuple[str, int]]
    """File name → sha256 and bytes."""
    temperatures: Mapping[str, float] = field(default_factory=dict)
    """Skill → temperature of its choices (`shop_ai.lm.calibration`)."""
    source: str = ""
    note: str = ""
    path: Path = field(default=Path(), compare=False)

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self.files.values())

    def fit(self, checkpoint: checkpoints.Manifest) -> None:
        """Raise `AdapterMisfit` for any weights but those it was trained on."""
        if self.fits != checkpoint.weights_sha256:
            raise AdapterMisfit(
                f"The adapter {self.name} was trained on {self.checkpoint} with the weights {self.fits[:12]} "
                f"and does not fit {checkpoint.name} with the weights {checkpoint.weights_sha256[:12]}."
            )


def seal(
    path: Path,
    *,
    name: str,
    checkpoint: checkpoints.Manifest,
    licence: str,
    temperatures: Mapping[str, float] | None = None,
    source: str = "",
    note: str = "",
) -> Manifest:
    """Inspect a folder that peft has written, and write its manifest."""
    files = {file: (sha256(path / file), (path / file).stat().st_size) for file in inspect(path, ADAPTER)}
    manifest = Manifest(
        name=name,
        checkpoint=checkpoint.name,
        fits=checkpoint.weights_sha256,
        weights_sha256=weights_sha256(path),
        licence=licence,
        files=files,
        temperatures=_checked(temperatures or {}),
        source=source,
        note=note,
        path=path,
    )
    content = {key: value for key, value in asdict(manifest).items() if key != "path"}
    (path / MANIFEST).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return manifest


def read(path: Path) -> Manifest:
    """The manifest of the adapter at `path`, whose name is the folder's; raises `AdapterError`."""
    if path.is_symlink() or (path / MANIFEST).is_symlink():
        raise AdapterError(f"{path} is or holds a symbolic link; put the adapter's own files there.")
    try:
        raw = json.loads((path / MANIFEST).read_text("utf-8"))
        files = {file: (str(hashed), int(size)) for file, (hashed, size) in raw.pop("files").items()}
        temperatures = _checked(raw.pop("temperatures"))
        return Manifest(files=files, temperatures=temperatures, path=path, **{**raw, "name": path.name})
    except FileNotFoundError:
        message = f"{path} has no {MANIFEST}, so its files cannot be trusted; install the adapter again."
    except (ValueError, TypeError, KeyError, AttributeError):
        message = f"{path / MANIFEST} is damaged; install the adapter again."
    raise AdapterError(message)


def _checked(temperatures: Mapping[str, float]) -> dict[str, float]:
    found = {str(skill): float(temperature) for skill, temperature in temperatures.items()}
    if not all(0 < temperature < inf for temperature in found.values()):
        raise ValueError("A temperature must be a number above 0.")
    return found
