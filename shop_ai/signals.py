"""Signals we send, all after commit.

job_finished(sender=Job, job): once for each job, however it ended; thousands that are cancelled together
    are told of one after the other, so a listener should be quick.
suggestion_ready(sender=Suggestion, suggestion)
suggestion_applied(sender=Suggestion, suggestion, by)
suggestion_dismissed(sender=Suggestion, suggestion, by)
"""

from __future__ import annotations

from django.dispatch import Signal

job_finished = Signal()
suggestion_ready = Signal()
suggestion_applied = Signal()
suggestion_dismissed = Signal()
