"""Tests of the doors for people."""

from __future__ import annotations
