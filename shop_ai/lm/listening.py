"""How a backend's thread tells a text while it writes it. No Django, no torch."""

from __future__ import annotations

from concurrent.futures import Future

from shop_ai.exceptions import BackendError
from shop_ai.lm.base import Completion, Generate, Request


class Listener:
    """Who listens to the first candidate of a request; nobody, for most of them."""

    def __init__(self, request: Request, future: Future[Completion]) -> None:
        self._on_text = request.on_text if isinstance(request, Generate) else None
        self._future = future
        self._told = ""

    @property
    def is_there(self) -> bool:
        """Whether to tell anything at all."""
        return self._on_text is not None and not self._future.cancelled()

    def tell(self, text: str) -> None:
        """The whole text so far, if it is news; raises `BackendError` where the listener fails."""
        if self._on_text is None or text in ("", self._told) or self._future.cancelled():
            return
        self._told = text
        try:
            self._on_text(text)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise BackendError(f"Whoever listened to this text failed: {reason}") from error
