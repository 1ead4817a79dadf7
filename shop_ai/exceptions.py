"""Every error this package raises. A class's docstring is its default message."""

from __future__ import annotations

from collections.abc import Sequence


class ShopAIError(Exception):
    """Something went wrong in shop_ai."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class ConfigurationError(ShopAIError):
    """The SHOP_AI setting has a mistake; run `manage.py check` to see it."""


class UnknownSkill(ConfigurationError):
    """No skill of that name is listed in SHOP_AI["SKILLS"]."""


# -- What a job can end with ------------------------------------------------------------------


class Declined(ShopAIError):
    """There are not enough facts to write from."""

    def __init__(self, message: str | None = None, *, missing: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.missing = tuple(missing)


class TargetGone(ShopAIError):
    """The entry was deleted in the meantime."""


class InvalidOutput(ShopAIError):
    """The language model's answer does not have the required form."""


class Unsupported(InvalidOutput):
    """The language model found no words for this that the facts support; it is left for a person."""


class WrongLanguage(Unsupported):
    """The text would be in another language than was asked for; it is left for a person."""


# -- What a backend can fail with -------------------------------------------------------------


class BackendError(ShopAIError):
    """The language model failed; the job may be tried again."""


class DeadBackend(BackendError):
    """The language model will not answer any more in this process; it has to be started anew."""


class RequestTooLarge(BackendError):
    """The text is longer than the language model can read."""


class UnsupportedRequest(BackendError):
    """This backend cannot answer that kind of request."""


class CheckpointError(BackendError):
    """The checkpoint cannot be used."""


class AdapterError(BackendError):
    """The adapter cannot be used."""


class AdapterMisfit(AdapterError):
    """The adapter was trained on another checkpoint."""


class StreamUnreachable(ShopAIError):
    """The stream to readers cannot be reached; the job goes on without it."""


# -- What a person can be told ----------------------------------------------------------------


class Refused(ShopAIError):
    """That is not possible in the present state."""


class Unfit(Refused):
    """The store does not take this."""


class Conflict(Refused):
    """The text was changed by somebody in the meantime; compare again."""


class Outdated(Refused):
    """The facts have changed since this was written; write it again or accept it as it is."""
