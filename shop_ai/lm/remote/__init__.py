"""The language model behind an OpenAI-compatible server, ours or another's. No torch, no HTTP library."""

from __future__ import annotations

from shop_ai.lm.remote.backend import RemoteBackend

__all__ = ("RemoteBackend",)
