"""LoRA adapters on disk: find, list, verify. Imports no torch; whoever merges them does."""

from __future__ import annotations

from shop_ai.lm.adapters.finding import DEFAULT_FOLDER, exists, find, installed, verify
from shop_ai.lm.adapters.manifest import Manifest, seal

__all__ = ("DEFAULT_FOLDER", "Manifest", "exists", "find", "installed", "seal", "verify")
