"""The demo store's rows as readable files, and the code that turns them into rows."""

from __future__ import annotations
