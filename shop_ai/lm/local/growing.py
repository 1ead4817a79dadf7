"""The text of tokens that come one by one. No torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

HALF = "\ufffd"
"""What a tokenizer writes for bytes that are no character yet."""


class Growing:
    """Decodes the last few tokens only: a token may need those before it to show its blank or its letter."""

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self.text = ""
        self._decode = decode
        self._first = 0
        """Where the last few begin."""
        self._shown = 0
        """Tokens whose text is out."""

    def add(self, tokens: Sequence[int]) -> str:
        """The text of all the tokens, of which the last is new, as far as its characters are whole."""
        before = self._decode(tokens[self._first : self._shown])
        now = self._decode(tokens[self._first :])
        if len(now) > len(before) and not now.endswith(HALF):
            self.text += now[len(before) :]
            self._first, self._shown = self._shown, len(tokens)
        return self.text
