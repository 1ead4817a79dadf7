"""What can go wrong with a server, in sentences for a shop manager that repeat no secret and no prompt."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime

from shop_ai.exceptions import BackendError, RequestTooLarge, UnsupportedRequest

_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|size|window)|maximum (?:context|input|model) ?len"
    r"|longer than the (?:model|maximum)|too many (?:input )?tokens|max_model_len|exceed\w* .{0,20}context",
    re.IGNORECASE,
)


class Transient(BackendError):
    """The server failed or is busy; the same request may succeed in a moment."""

    def __init__(self, message: str | None = None, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait
        """Seconds that the server asks to wait."""


class TimedOut(BackendError):
    """The server did not answer in time."""


class Rejected(UnsupportedRequest):
    """The server does not take this request as it is."""

    def __init__(self, message: str, *, words: str = "") -> None:
        super().__init__(message)
        self.words = words
        """What the server says; for requests of our own only, since it may repeat a customer's text."""


class NotFound(BackendError):
    """The server does not know this address or this model."""


class Dropped(BackendError):
    """Nobody wants the answer any more."""


def refusal(status: int, words: str, retry_after: str, where: object) -> BackendError:
    """The error for an answer other than 200."""
    if status in (400, 413, 422, 500) and (status == 413 or _TOO_LONG.search(words)):
        return RequestTooLarge()
    if 300 <= status < 400:
        return BackendError(
            f"The server at {where} answers with a redirect ({status}), which is not followed; "
            "put the final address into base_url."
        )
    if status in (401, 403, 407):
        return BackendError(f"The server at {where} refuses the key ({status}); see api_key_env.")
    if status == 404:
        return NotFound(f"The server at {where} does not know this address or this model ({status}).")
    if status in (408, 425, 429):
        return Transient(f"The server at {where} is busy ({status}).", wait=seconds(retry_after))
    if status >= 500 and status != 501:
        return Transient(f"The server at {where} failed ({status}).", wait=seconds(retry_after))
    if 400 <= status < 500 or status == 501:
        return Rejected(f"The server at {where} does not take this request ({status}).", words=words)
    return BackendError(f"The server at {where} answers with status {status}.")


def seconds(retry_after: str) -> float | None:
    """How long a Retry-After header, a number or a date, asks to wait."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None
