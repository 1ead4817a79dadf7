"""Tests of the demo store."""

from __future__ import annotations
