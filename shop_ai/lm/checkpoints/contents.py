"""What may lie in a checkpoint's folder: data, never code. Pure reading; imports nothing heavy."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from shop_ai.exceptions import CheckpointError

MANIFEST = "manifest.json"
ALLOWED = {".json", ".safetensors", ".jinja", ".txt", ".md", ".model"}
ALLOWED_NAMES = {"LICENSE", "LICENCE", "NOTICE"}
REQUIRED = ("config.json", "tokenizer.json")
NAMES_CODE = ("auto_map", "_attn_implementation_internal", "_experts_implementation_internal")
"""Keys by which a configuration makes transformers import or fetch code."""
CHUNK = 1 << 20


def inspect(path: Path) -> list[str]:
    """The files of a checkpoint, by name; raises `CheckpointError` for anything that is not plain data."""
    if path.is_symlink():
        raise CheckpointError(f"{path} is a symbolic link; put the checkpoint's own files there.")
    names = sorted(_files(path))
    for name in names:
        _refuse_code(path, name)
    for name in REQUIRED:
        if name not in names:
            raise CheckpointError(f"{path} has no {name}; it is not a complete checkpoint.")
    if not any(name.endswith(".safetensors") for name in names):
        raise CheckpointError(f"{path} has no *.safetensors file; other weight formats are refused.")
    return [name for name in names if name != MANIFEST]


def _files(path: Path) -> Iterator[str]:
    for where, folders, files in os.walk(path):
        for name in (*folders, *files):
            full = Path(where, name)
            if full.is_symlink():
                raise CheckpointError(f"{full} is a symbolic link; a checkpoint must hold its own files.")
        for name in files:
            yield Path(where, name).relative_to(path).as_posix()


def _refuse_code(path: Path, name: str) -> None:
    full = path / name
    if full.suffix.lower() not in ALLOWED and full.name not in ALLOWED_NAMES:
        raise CheckpointError(
            f"{full} is neither safetensors nor plain text and could run code; remove it or install again."
        )
    if not full.name.endswith("config.json"):
        return
    try:
        keys = set(_keys(json.loads(full.read_text("utf-8"))))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{full} is not valid JSON; install the checkpoint again.") from error
    for key in NAMES_CODE:
        if key in keys:
            raise CheckpointError(
                f"{full} asks to run code of its own ({key}); such a checkpoint is refused."
            )


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def sha256(path: Path) -> str:
    """The hash of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights_sha256(path: Path) -> str:
    """The hash of the tensors themselves: names, types, shapes and bytes, in whatever files they lie.

    A file's own hash also depends on who wrote its header; this one is what adapters are bound to.
    """
    tensors: dict[str, tuple[Path, dict[str, Any], int]] = {}
    for file in sorted(path.glob("*.safetensors")):
        header, start = _header(file)
        tensors.update({name: (file, info, start) for name, info in header.items() if name != "__metadata__"})
    digest = hashlib.sha256()
    for name in sorted(tensors):
        file, info, start = tensors[name]
        digest.update(json.dumps([name, info["dtype"], info["shape"]]).encode())
        begin, end = info["data_offsets"]
        with file.open("rb") as source:
            source.seek(start + begin)
            _feed(digest, source, end - begin)
    return digest.hexdigest()


def _header(file: Path) -> tuple[dict[str, Any], int]:
    with file.open("rb") as source:
        size = int.from_bytes(source.read(8), "little")
        try:
            header: dict[str, Any] = json.loads(source.read(min(size, 100 * CHUNK)))
        except ValueError as error:
            raise CheckpointError(
                f"{file} is not a safetensors file; install the checkpoint again."
            ) from error
    return header, 8 + size


def _feed(digest: Any, source: BinaryIO, length: int) -> None:
    while length > 0 and (piece := source.read(min(CHUNK, length))):
        digest.update(piece)
        length -= len(piece)
