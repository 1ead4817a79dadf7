"""The contract between shop_ai and whatever runs the language model. No Django, no torch."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
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
    adapter: str | None = None
    """Name of the LoRA adapter to answer with; None is the bare checkpoint."""
    on_text: Callable[[str], None] | None = field(default=None, compare=False, repr=False)
    """Called in the backend's thread with the first candidate's text whenever that has grown, last with all.

    It must return at once; what it raises fails this request. A text that does not go on from the one before
    was begun anew.
    """
    rank: bool = False
    """Fill in the candidates' scores; a backend that cannot leaves them empty."""
    urgent: bool = field(default=False, compare=False)
    """Somebody waits for it: it goes before others, and some room in the batch is for such alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose:
    """Give a probability to each of the answers (they sum to 1), without writing any."""

    messages: tuple[Message, ...]
    answers: tuple[str, ...]
    by_length: bool = False
    """Weigh an answer by the mean of its tokens' log-probabilities: their sum punishes longer answers."""
    precise: bool = False
    """Compute in float32: for "why", replay, calibration and decisions near a threshold."""
    adapter: str | None = None
    skill: str = ""
    """Whose calibration applies, of those that the adapter has; none without it."""
    urgent: bool = field(default=False, compare=False)
    """As in `Generate`."""


Request = Generate | Choose


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    text: str
    tokens: int
    finish: Literal["stop", "length"] = "stop"
    score: float | None = None
    """Mean log-probability of its tokens, its end included, without temperature, nucleus or schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The answer to one request: candidates of a Generate, or probabilities of a Choose."""

    candidates: tuple[Candidate, ...] = ()
    probabilities: tuple[float, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    milliseconds: int = 0
    """Time from the first forward pass to the last, shared with the batch-mates."""
    as_served: tuple[float, ...] = ()
    """Beside precise probabilities: what the same request gives without `precise`."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """What was particular to this answer: adapter and its hash, calibration, float32."""


class Backend(ABC):
    """Where the language model runs. Built once in the worker from `SHOP_AI["LM"]`."""

    schema: ClassVar[bool] = False
    """Can force an answer to a JSON schema."""
    choose: ClassVar[bool] = False
    """Can answer `Choose`."""
    precise: ClassVar[bool] = False
    """Can answer a `Choose` in float32."""
    adapters: ClassVar[bool] = False
    """Can answer with an adapter."""
    stream: ClassVar[bool] = False
    """Calls `on_text` while it writes; without this, never."""
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

    @classmethod
    def build(cls, checkpoint: str, options: Mapping[str, Any]) -> Backend:
        """What a worker opens: an instance, which may be of a class that suits this machine better."""
        return cls(checkpoint, options)

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

    def at_hand(self, adapter: str | None) -> bool:
        """Whether requests with that adapter are answered without changing over to it first."""
        return True

    @classmethod
    def check_adapter(cls, name: str, checkpoint: str, options: Mapping[str, Any]) -> None:
        """Raise `UnsupportedRequest` or `AdapterError` where requests may not name it. Loads nothing."""
        if not cls.adapters:
            raise UnsupportedRequest(f"{cls.__name__} cannot answer with an adapter.")

    def describe(self) -> dict[str, Any]:
        """What provenance and `ai_doctor` show: checkpoint, its sha256, device, dtype."""
        return {"backend": type(self).__name__, "checkpoint": self.checkpoint}

    def refuse_unsupported(self, request: Request) -> None:
        """Raise `UnsupportedRequest` when a capability flag says no."""
        if request.adapter is not None:
            self.check_adapter(request.adapter, self.checkpoint, self.options)
        if isinstance(request, Choose) and not self.choose:
            raise UnsupportedRequest(f"{type(self).__name__} cannot weigh answers (Choose).")
        if isinstance(request, Choose) and request.precise and not self.precise:
            raise UnsupportedRequest(f"{type(self).__name__} cannot weigh answers in float32 (precise).")
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
