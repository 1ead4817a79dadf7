"""The adapters that requests may name: looked up, checked and, once read, kept. Imports torch."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from shop_ai.lm import adapters, checkpoints
from shop_ai.lm.local.lora import Lora, read

KEPT = 8
"""Adapters that stay in memory, a few megabytes each."""


class Shelf:
    """One folder of adapters beside those of the package, for one checkpoint."""

    def __init__(self, checkpoint: checkpoints.Manifest, folder: Path | str | None = None) -> None:
        self.checkpoint = checkpoint
        self.folder = folder
        self._read: OrderedDict[str, Lora] = OrderedDict()

    def look_up(self, name: str) -> adapters.Manifest:
        """Its manifest; raises `AdapterError` when it is missing or fits another checkpoint."""
        manifest = adapters.find(name, self.folder)
        manifest.fit(self.checkpoint)
        return manifest

    def take(self, name: str) -> Lora:
        """The adapter as it lies there now, every byte checked; raises `AdapterError`."""
        known = self._read.get(name)
        if known is None or known.manifest != self.look_up(name):
            manifest = adapters.verify(name, self.folder)
            manifest.fit(self.checkpoint)
            known = self._read[name] = read(manifest)
            if len(self._read) > KEPT:
                self._read.popitem(last=False)
        self._read.move_to_end(name)
        return known
