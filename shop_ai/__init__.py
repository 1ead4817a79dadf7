"""A Django app that gives a store its own language model."""

from __future__ import annotations

__version__ = "0.1.0"
