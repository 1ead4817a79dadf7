"""The language model in this process: torch and transformers, both loaded by `LocalBackend.open()` only."""

from __future__ import annotations

from shop_ai.lm.local.backend import LocalBackend

__all__ = ("LocalBackend",)
