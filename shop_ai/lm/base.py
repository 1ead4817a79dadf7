"""The contract between shop_ai and whatever runs the language model. No Django, no torch."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from shop_ai.exceptions import UnsupportedRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of a message. An untrusted one never yields a control token."""

    text: str
    trusted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    role: Literal["system", "user", "assistant"]
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How to draw tokens. Temperature 0 is greedy; a seed makes fp32 on the CPU reproducible."""

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """Write text: `n` candidates of at most `max_tokens` tokens each."""

    messages: tuple[Message, ...]
    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    n: int = 1
    schema: Mapping[str, Any] | None = None
    """JSON schema that every candidate is forced to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose:
    """Give a probability to each of the answers (they sum to 1), without writing any."""

    messages: tuple[Message, ...]
    answers: tuple[str, ...]


Request = Generate | Choose


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    text: str
    tokens: int
    finish: Literal["stop", "length"] = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The answer to one request: candidates of a Generate, or probabilities of a Choose."""

    candidates: tuple[Candidate, ...] = ()
    probabilities: tuple[float, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    milliseconds: int = 0
    """Time from the first forward pass to the last, shared with the batch-mates."""


class Backend(ABC):
    """Where the language model runs. Built once in the worker from `SHOP_AI["LM"]`."""

    schema: ClassVar[bool] = False
    """Can force an answer to a JSON schema."""
    choose: ClassVar[bool] = False
    """Can answer `Choose`."""
    token_safe: ClassVar[bool] = False
    """Untrusted segments cannot become control tokens."""
    known_options: ClassVar[tuple[str, ...] | None] = None
    """Names of the options it takes, for a check to find typos by; None where it looks at them itself."""

    room: int = 1
    """How many requests are worth having in flight."""
    progressed_at: float
    """`time.monotonic()` of the last sign of life: a forward pass, a loaded shard, an answer."""

    def __init__(self, checkpoint: str = "", options: Mapping[str, Any] | None = None) -> None:
        self.checkpoint = checkpoint
        self.options = dict(options or {})
        self.progressed_at = time.monotonic()

    def open(self) -> None:  # noqa: B027 - a harmless default, not a forgotten abstract method
        """Verify and load the checkpoint; raise `CheckpointError` with one clear sentence."""

    @abstractmethod
    def submit(self, request: Request) -> Future[Completion]:
        """Take a request from any thread and return at once.

        The Future stays pending until its result is set, so that `Future.cancel()` works at any
        time: a backend drops a cancelled request at the next token boundary.
        """

    def close(self) -> None:  # noqa: B027
        """Stop; requests still in flight are cancelled."""

    def describe(self) -> dict[str, Any]:
        """What provenance and `ai_doctor` show: checkpoint, its sha256, device, dtype."""
        return {"backend": type(self).__name__, "checkpoint": self.checkpoint}

    def refuse_unsupported(self, request: Request) -> None:
        """Raise `UnsupportedRequest` when a capability flag says no."""
        if isinstance(request, Choose) and not self.choose:
            raise UnsupportedRequest(f"{type(self).__name__} cannot weigh answers (Choose).")
        if isinstance(request, Generate) and request.schema is not None and not self.schema:
            raise UnsupportedRequest(f"{type(self).__name__} cannot force a JSON schema.")


def says(role: Literal["system", "user", "assistant"], *segments: Segment | str) -> Message:
    """A message from trusted strings and segments."""
    parts = (Segment(text=s) if isinstance(s, str) else s for s in segments)
    return Message(role=role, segments=tuple(parts))


__all__: Sequence[str] = (
    "Backend",
    "Candidate",
    "Choose",
    "Completion",
    "Generate",
    "Message",
    "Request",
    "Sampling",
    "Segment",
    "says",
)
