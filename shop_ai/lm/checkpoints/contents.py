"""What may lie in the folder of a checkpoint or an adapter: data, never code. Imports nothing heavy."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from shop_ai.exceptions import AdapterError, BackendError, CheckpointError

MANIFEST = "manifest.json"
ALLOWED = {".json", ".safetensors", ".jinja", ".txt", ".md", ".model"}
ALLOWED_NAMES = {"LICENSE", "LICENCE", "NOTICE"}
NAMES_CODE = ("auto_map", "_attn_implementation_internal", "_experts_implementation_internal")
"""Keys by which a configuration makes transformers import or fetch code."""
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of folder, and how what is wrong with one is told."""

    word: str
    required: tuple[str, ...]
    error: type[BackendError]


CHECKPOINT = Kind("checkpoint", ("config.json", "tokenizer.json"), CheckpointError)
ADAPTER = Kind("adapter", ("adapter_config.json", "adapter_model.safetensors"), AdapterError)


def inspect(path: Path, kind: Kind = CHECKPOINT) -> list[str]:
    """The files there, by name; raises the kind's error for anything that is not plain data."""
    if path.is_symlink():
        raise kind.error(f"{path} is a symbolic link; put the {kind.word}'s own files there.")
    names = sorted(_files(path, kind))
    for name in names:
        _refuse_code(path, name, kind)
    for name in kind.required:
        if name not in names:
            raise kind.error(f"{path} has no {name}; it is not a complete {kind.word}.")
    if not any(name.endswith(".safetensors") for name in names):
        raise kind.error(f"{path} has no *.safetensors file; other weight formats are refused.")
    return [name for name in names if name != MANIFEST]


def compare(path: Path, files: Mapping[str, tuple[str, int]], kind: Kind, *, again: str) -> None:
    """Every byte against a manifest's `files`; `again` says how to get them anew."""
    found = set(inspect(path, kind))
    if extra := sorted(found - set(files)):
        raise kind.error(f"{path / extra[0]} does not belong to the {kind.word}; remove it, or {again}.")
    for file, (hashed, size) in files.items():
        if file not in found:
            raise kind.error(f"{path / file} is missing; {again}.")
        actual = (path / file).stat().st_size
        if actual != size:
            raise kind.error(f"{path / file} has {actual} bytes instead of {size}; {again}.")
        if sha256(path / file) != hashed:
            raise kind.error(f"{path / file} was changed: its sha256 is not the manifest's; {again}.")


def _files(path: Path, kind: Kind) -> Iterator[str]:
    for where, folders, files in os.walk(path):
        for name in (*folders, *files):
            full = Path(where, name)
            if full.is_symlink():
                raise kind.error(f"{full} is a symbolic link; the {kind.word} must hold its own files.")
        for name in files:
            yield Path(where, name).relative_to(path).as_posix()


def _refuse_code(path: Path, name: str, kind: Kind) -> None:
    full = path / name
    if full.suffix.lower() not in ALLOWED and full.name not in ALLOWED_NAMES:
        raise kind.error(
            f"{full} is neither safetensors nor plain text and could run code; remove it or install again."
        )
    if not full.name.endswith("config.json"):
        return
    try:
        keys = set(_keys(json.loads(full.read_text("utf-8"))))
    except (ValueError, RecursionError) as error:
        raise kind.error(f"{full} is not valid JSON; install the {kind.word} again.") from error
    for key in NAMES_CODE:
        if key in keys:
            raise kind.error(f"{full} asks to run code of its own ({key}); the {kind.word} is refused.")


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
