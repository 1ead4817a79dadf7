"""Where adapters lie: in the store's own folder, else in this package. Imports nothing heavy."""

from __future__ import annotations

import re
from pathlib import Path

from shop_ai.exceptions import AdapterError
from shop_ai.lm.adapters.manifest import Manifest, read
from shop_ai.lm.checkpoints.contents import ADAPTER, MANIFEST, compare

DEFAULT_FOLDER = Path("~/.cache/shop_ai/adapters")
SHIPPED = Path(__file__).parents[2] / "adapters"
"""Those that come with the package."""
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)


def find(name: str, folder: Path | str | None = None) -> Manifest:
    """The manifest of the adapter of that name, its files unchecked; raises `AdapterError`."""
    if not _NAME.fullmatch(name):
        raise AdapterError(f"{name!r} is not the name of an adapter; `manage.py ai_model list` shows them.")
    own, shipped = _roots(folder)
    for root in (own, shipped):
        if (root / name).exists():
            return read(root / name)
    raise AdapterError(f"The adapter {name} is not installed in {own}; put its folder there.")


def exists(name: str, folder: Path | str | None = None) -> bool:
    """Whether there is anything of that name, be it intact or not."""
    return bool(_NAME.fullmatch(name)) and any((root / name).exists() for root in _roots(folder))


def verify(name: str, folder: Path | str | None = None) -> Manifest:
    """Check every byte of an adapter against its manifest; raises `AdapterError` with one sentence."""
    manifest = find(name, folder)
    compare(manifest.path, manifest.files, ADAPTER, again="install the adapter again")
    return manifest


def installed(folder: Path | str | None = None) -> list[Manifest]:
    """The manifests found, one for each name; their files are not checked."""
    names = {path.parent.name for root in _roots(folder) for path in root.glob(f"[!.]*/{MANIFEST}")}
    found = []
    for name in sorted(names):
        try:
            found.append(find(name, folder))
        except AdapterError:
            continue  # `verify` says what is wrong with it
    return found


def _roots(folder: Path | str | None) -> tuple[Path, Path]:
    return Path(folder or DEFAULT_FOLDER).expanduser(), SHIPPED
