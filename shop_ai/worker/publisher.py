"""Publishes what running jobs say, in a thread of its own: readers cost the loop and its jobs nothing."""

from __future__ import annotations

import logging
import threading
import time

from django.db import DatabaseError, InterfaceError, connections

from shop_ai import streams
from shop_ai.exceptions import StreamUnreachable
from shop_ai.models import Job, State
from shop_ai.models.job import TERMINAL
from shop_ai.skills import Skill, Subject
from shop_ai.streams import Event
from shop_ai.worker.speech import Speech

log = logging.getLogger("shop_ai.worker")

PACE = 0.1
"""Seconds between two rounds: the tokens that come meanwhile are one piece of news."""
LOOK = 0.2
"""Seconds after which it looks at closed jobs, and at a transport that failed, again."""
PATIENCE = 5.0
"""Seconds that a job may take to leave the worker's hands, and readers to be reached, when all is said."""
COMPLAIN = 60.0
"""Seconds between two lines in the log about failures."""


class Publisher:
    """The thread lives only while somebody speaks."""

    def __init__(self) -> None:
        self.failed = 0
        """How often news could not be published."""
        self._speeches: list[Speech] = []
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._complained_at = -COMPLAIN

    def open(self, job: Job, skill: Skill, subject: Subject) -> Speech:
        """Let readers follow one attempt of a job, until the speech is closed."""
        speech = Speech(job, skill, subject, self._news.set)
        with self._lock:
            self._speeches.append(speech)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="shop_ai-publisher", daemon=True)
                self._thread.start()
        return speech

    def flush(self, within: float) -> None:
        """Wait until everything that was closed is published."""
        thread = self._thread
        if thread is not None:
            thread.join(within)

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        while speeches := self._left():
            for speech in speeches:
                if self._tell(speech):
                    with self._lock:
                        self._speeches.remove(speech)
            time.sleep(PACE)
            self._news.wait(LOOK)
            self._news.clear()

    def _left(self) -> list[Speech]:
        """Those who still speak; where nobody does, this thread is done."""
        with self._lock:
            if not self._speeches:
                self._thread = None
                connections.close_all()
            return list(self._speeches)

    def _tell(self, speech: Speech) -> bool:
        """Publish what is new; whether the speech is over. Where its end gets lost, readers ask the job."""
        closed = speech.closed
        try:
            news = speech.news()
            over, last = _outcome(speech) if closed else (False, [])
            if over and not last:  # the job is in other hands
                return True
            if news or last:
                streams.publish(speech.job.pk, [*news, *last])
        except Exception as error:
            self._fail(error)
            speech.unsure()
            return closed and speech.silent_for() > PATIENCE
        speech.published()
        return over

    def _fail(self, error: Exception) -> None:
        self.failed += 1
        if isinstance(error, DatabaseError | InterfaceError):
            connections.close_all()
        if isinstance(error, StreamUnreachable):  # the transport has said so
            return
        if time.monotonic() - self._complained_at > COMPLAIN:
            self._complained_at = time.monotonic()
            log.warning("Readers could not be told what jobs say; the jobs go on.", exc_info=error)


def _outcome(speech: Speech) -> tuple[bool, list[Event]]:
    """Whether the attempt is over, by the job's row, and what there is to say about it."""
    job = Job.objects.filter(pk=speech.job.pk).only("state", "attempt").first()
    if job is None or job.attempt != speech.job.attempt:
        return True, []
    if job.state in TERMINAL:
        return True, [speech.end(job.state)]
    if job.state == State.QUEUED:
        return True, [speech.again()]
    return speech.silent_for() > PATIENCE, []
