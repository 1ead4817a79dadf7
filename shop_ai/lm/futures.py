"""How a backend's thread settles a Future that its owner may cancel at any time. No Django, no torch."""

from __future__ import annotations

from concurrent.futures import Future

from shop_ai.lm.base import Completion


def answer(future: Future[Completion], completion: Completion) -> None:
    """Set the result, unless the Future was cancelled or settled before."""
    if _still_wanted(future):
        future.set_result(completion)


def fail(future: Future[Completion], error: Exception) -> None:
    """Set the error, unless the Future was cancelled or settled before."""
    if _still_wanted(future):
        future.set_exception(error)


def cancel(future: Future[Completion]) -> None:
    """Cancel the Future and tell those who wait for it. Once only for each Future."""
    if future.cancel():
        _still_wanted(future)


def failed(error: Exception) -> Future[Completion]:
    """A Future that has already failed."""
    future: Future[Completion] = Future()
    future.set_exception(error)
    return future


def _still_wanted(future: Future[Completion]) -> bool:
    """Whether to set a result; wakes those who wait for a cancelled Future, which `cancel()` does not."""
    if future.done() and not future.cancelled():  # settled before
        return False
    return future.set_running_or_notify_cancel()
