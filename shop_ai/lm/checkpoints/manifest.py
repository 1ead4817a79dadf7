"""The manifest of an installed checkpoint: every file with its hash, and the check against it. No torch."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from pathlib import Path

from shop_ai.exceptions import CheckpointError
from shop_ai.lm.checkpoints.contents import (
    CHECKPOINT,
    MANIFEST,
    compare,
    inspect,
    sha256,
    weights_sha256,
)

DEFAULT_FOLDER = Path("~/.cache/shop_ai/checkpoints")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?(@[A-Za-z0-9][\w.-]*)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an installed checkpoint is made of."""

    name: str
    source: str
    licence: str
    weights_sha256: str
    """Hash of the tensors; an adapter fits only the weights it was trained on."""
    files: Mapping[str, tuple[str, int]]
    """File name → sha256 and bytes."""
    revision: str = ""
    note: str = ""
    path: Path = field(default=Path(), compare=False)

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self.files.values())


def location(name: str, folder: Path | str | None = None) -> Path:
    """Where a checkpoint of that name lies; raises `CheckpointError` for what is no name."""
    if not _NAME.fullmatch(name):
        raise CheckpointError(
            f"{name!r} is not the name of a checkpoint; run `manage.py ai_model list` to see the known ones."
        )
    return Path(folder or DEFAULT_FOLDER).expanduser() / name.replace("/", "--")


def seal(path: Path, *, name: str, source: str, licence: str, revision: str = "", note: str = "") -> Manifest:
    """Inspect a folder and write its manifest."""
    files = {file: (sha256(path / file), (path / file).stat().st_size) for file in inspect(path)}
    manifest = Manifest(
        name=name,
        source=source,
        licence=licence,
        revision=revision,
        note=note,
        weights_sha256=weights_sha256(path),
        files=files,
        path=path,
    )
    content = {key: value for key, value in asdict(manifest).items() if key != "path"}
    (path / MANIFEST).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return manifest


def read(path: Path, name: str) -> Manifest:
    """The manifest of the checkpoint at `path`; raises `CheckpointError` when there is none."""
    again = f"run `manage.py ai_model install {name}`"
    if not path.is_dir():
        others = [other.parent.name for other in path.parent.glob(f"*/{MANIFEST}")]
        meant = "".join(f" Or did you mean {near}?" for near in get_close_matches(name, others, 1))
        raise CheckpointError(f"The checkpoint {name} is not installed in {path.parent}; {again}.{meant}")
    try:
        raw = json.loads((path / MANIFEST).read_text("utf-8"))
        files = {file: (str(hashed), int(size)) for file, (hashed, size) in raw.pop("files").items()}
        return Manifest(files=files, path=path, **raw)
    except FileNotFoundError:
        message = f"{path} has no {MANIFEST}, so its files cannot be trusted; {again}."
    except (ValueError, TypeError, KeyError, AttributeError):
        message = f"{path / MANIFEST} is damaged; {again}."
    raise CheckpointError(message)


def verify(name: str, folder: Path | str | None = None) -> Manifest:
    """Check every byte against the manifest; raises `CheckpointError` with one sentence."""
    path = location(name, folder)
    manifest = read(path, name)
    compare(path, manifest.files, CHECKPOINT, again=f"run `manage.py ai_model install {name}`")
    return manifest
