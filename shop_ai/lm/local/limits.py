"""How much may run at once: the budget of memory and time, and what an error says about it. Imports torch."""

from __future__ import annotations

import gc
from dataclasses import dataclass

import torch

LONGEST = 4.0
"""Seconds that a forward pass may take by our estimate; five are promised."""
SHARED = 1.0
"""The same where others wait for the device meanwhile."""
GROW_EVERY = 50
GROWTH = 0.05


KEPT = 1 / 16
"""Part of the batch that is for urgent requests alone."""


@dataclass(slots=True)
class Limits:
    """A share of the full budget: halved when memory runs out, grown again slowly (AIMD)."""

    rows: int
    """Rows of free text at full budget."""
    tokens: int
    """Tokens in the cache, over all rows, at full budget."""
    kept: int = 0
    """Rows beside those, for urgent requests alone."""
    seconds: float = LONGEST
    """What one forward pass may take."""
    share: float = 1.0
    _good: int = 0

    def shrink(self) -> None:
        """Memory ran out: half of everything. To be called outside the `except` block."""
        self.share = max(self.share / 2, 1 / max(self.rows, 1))
        self._good = 0
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def went_well(self) -> None:
        """A forward pass succeeded."""
        self._good += 1
        if self._good % GROW_EVERY == 0:
            self.share = min(1.0, self.share + GROWTH)

    @property
    def rows_now(self) -> int:
        return max(1, int(self.rows * self.share))

    @property
    def most_now(self) -> int:
        """Rows, those for urgent requests included."""
        return self.rows_now + int(self.kept * self.share)

    def prefill_tokens(self, rate: float) -> int:
        """Tokens of one forward pass at the measured rate, in tokens a second."""
        return max(128, min(int(rate * self.seconds * self.share), 16_384))


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong, without the traceback: that would keep the tensors in memory."""

    text: str
    memory: bool
    fatal: bool

    @classmethod
    def of(cls, error: Exception) -> Trouble:
        text = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        # torch has no class of its own for memory that runs out on the CPU
        memory = isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(
            error
        )
        return cls(text, memory, not memory and "CUDA error" in str(error))
