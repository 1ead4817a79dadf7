"""One attempt's answer on its way to readers: heard from the backend, cut into sentences, each checked."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pydantic import BaseModel

from shop_ai.lm.base import Completion, Generate, Request
from shop_ai.models import Job, State
from shop_ai.safety.html import plain
from shop_ai.safety.sentences import finished
from shop_ai.skills import Skill, Subject
from shop_ai.streams import Event

log = logging.getLogger("shop_ai.worker")

LONGEST = 100_000
"""Characters of an answer that are followed: nobody reads more as it comes."""
LONGEST_SENTENCE = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the backend has written so far for the n-th asking."""

    take: int = 0
    request: Generate | None = None
    text: str = ""
    whole: bool = False


class Speech:
    """The loop and the backend leave here what they know; the publisher's thread makes events of it."""

    def __init__(self, job: Job, skill: Skill, subject: Subject, wake: Callable[[], None]) -> None:
        self.job, self.skill, self.subject = job, skill, subject
        self._closed_at: float | None = None
        self._wake = wake
        self._lock = threading.Lock()
        self._heard = Heard()
        self._output: BaseModel | None = None
        # From here on the publisher's thread only.
        self._read = Heard()
        self._cut = ""
        """The words that are in the sentences already."""
        self._sentences: list[str] = []
        self._published = 0
        self._restart = job.attempt > 1
        self._silent = False

    # -- from the loop and the backend: nothing here takes time --------------------------------

    def listen(self, request: Request) -> Request:
        """The request with a listener; each further one begins the answer anew."""
        if not isinstance(request, Generate):
            return request
        with self._lock:
            take = self._heard.take + 1
            self._heard = Heard(take=take, request=request)
        return replace(request, on_text=partial(self._hear, take))

    def complete(self, completions: Sequence[Completion], output: BaseModel) -> None:
        """All that the backend has written, and what the skill has made of it."""
        with self._lock:
            self._output = output
            for first in completions[0].candidates[:1] if completions else ():
                self._heard = replace(self._heard, text=first.text, whole=first.finish == "stop")
        self._wake()

    def close(self) -> None:
        """The worker has let go of the job."""
        if self._closed_at is None:
            self._closed_at = time.monotonic()
        self._wake()

    def _hear(self, take: int, text: str) -> None:
        with self._lock:
            if take == self._heard.take:
                self._heard = replace(self._heard, text=text)
        self._wake()

    # -- from the publisher --------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        return self._closed_at is not None

    def silent_for(self) -> float:
        """Seconds since it was closed."""
        return 0.0 if self._closed_at is None else time.monotonic() - self._closed_at

    def news(self) -> list[Event]:
        """What readers have not been told yet; `published` or `unsure` says what became of it."""
        with self._lock:
            heard = self._heard
        self._silent = self._silent or len(heard.text) > LONGEST
        if heard != self._read and not self._silent:
            try:
                self._follow(heard)
            except Exception:
                self._silent = True
                log.exception("The stream of job %s ends here: its skill failed.", self.job.pk)
        self._read = heard
        restart = [self._event(kind="restart")] if self._restart else []
        fresh = self._sentences[self._published :]
        return [*restart, *(self._event(kind="sentence", text=sentence) for sentence in fresh)]

    def published(self) -> None:
        """Readers have the news."""
        self._restart, self._published = False, len(self._sentences)

    def unsure(self) -> None:
        """Whether readers have the news cannot be known: they are told all of it again."""
        self._restart, self._published = True, 0

    def end(self, state: str) -> Event:
        """The job has come to this state."""
        stored = getattr(self._output, self.skill.streamed(), None)
        told = " ".join(self._sentences)
        differs = state not in (State.SUCCEEDED, State.STALE) or not _same(told, str(stored or ""))
        return self._event(kind="end", state=state, differs=differs)

    def again(self) -> Event:
        """The job waits for another attempt."""
        return self._event(kind="restart")

    def _follow(self, heard: Heard) -> None:
        words = self.skill.words(heard.text, heard.request) if heard.request is not None else ""
        if heard.take != self._read.take or not words.startswith(self._cut):
            self._begin_anew()
        found, end = finished(words, len(self._cut), ended=heard.whole)
        self._cut = words[:end]
        checked = (self.skill.sentence(one, self.subject) for one in found if len(one) <= LONGEST_SENTENCE)
        self._sentences += filter(None, checked)

    def _begin_anew(self) -> None:
        self._restart = self._restart or bool(self._published)
        self._cut, self._sentences, self._published = "", [], 0

    def _event(self, **given: object) -> Event:
        return Event(attempt=self.job.attempt, **given)  # type: ignore[arg-type]


def _same(told: str, stored: str) -> bool:
    """Blanks do not count: sentences come without those between them."""
    return len(stored) <= LONGEST and "".join(told.split()) == "".join(plain(stored).split())
