"""Checkpoints and adapters that can be verified and never loaded: their tensors are a few bytes."""

from __future__ import annotations

import json
from pathlib import Path

from shop_ai.lm import adapters, checkpoints


def checkpoint(path: Path, content: str) -> checkpoints.Manifest:
    path.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json"):
        (path / name).write_text("{}")
    _tensor(path / "model.safetensors", content)
    return checkpoints.seal(path, name=path.name, source="nowhere", licence="BSD-3-Clause")


def adapter(path: Path, fitting: checkpoints.Manifest) -> adapters.Manifest:
    path.mkdir(parents=True)
    (path / "adapter_config.json").write_text("{}")
    _tensor(path / "adapter_model.safetensors", path.name)
    return adapters.seal(path, name=path.name, checkpoint=fitting, licence="BSD-3-Clause")


def _tensor(file: Path, content: str) -> None:
    """A safetensors file with one tensor of bytes."""
    data = content.encode()
    header = json.dumps({"x": {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}}).encode()
    file.write_bytes(len(header).to_bytes(8, "little") + header + data)
