"""Checkpoints on disk: install, list, verify. Imports no torch; only a conversion does, when it runs."""

from __future__ import annotations

from shop_ai.lm.checkpoints.installing import install, installed
from shop_ai.lm.checkpoints.manifest import DEFAULT_FOLDER, Manifest, location, seal, verify
from shop_ai.lm.checkpoints.sources import KNOWN, Known

__all__ = (
    "DEFAULT_FOLDER",
    "KNOWN",
    "Known",
    "Manifest",
    "install",
    "installed",
    "location",
    "seal",
    "verify",
)
