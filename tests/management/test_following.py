"""What is printed of the events of jobs."""

from __future__ import annotations

import pytest

from shop_ai import jobs, streams
from shop_ai.management.following import followed
from shop_ai.models import Job
from shop_ai.models.clock import later
from shop_ai.streams import Event
from tests.shop import product

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_kind_of_event_has_a_line(carried):
    row, lines = product(), []
    jobs.enqueue("tell_text", row)
    (job,) = Job.objects.all()

    def publish(attempt, kind, **fields):
        streams.publish(job.pk, [Event(kind=kind, attempt=attempt, **fields)])

    publish(1, "sentence", text="Wrong.")
    publish(2, "restart")
    publish(2, "sentence", text="Right.")
    publish(2, "end", state="stale")
    with followed(Job.objects.all(), lines.append):
        pass

    said = ["Wrong.", "(begins again; what came before no longer counts)", "Right.", "(outdated)"]
    assert lines == [f"{row.pk}: {line}" for line in said]


def test_who_has_nothing_to_say_is_waited_for_in_vain_not_for_ever(carried, monkeypatch):
    from shop_ai.management import following

    monkeypatch.setattr(following, "LAST_WORDS", 0.5)
    row, lines = product(), []
    jobs.enqueue("tell_text", row)

    with followed(Job.objects.all(), lines.append):
        pass

    assert lines == []


def test_the_end_is_known_to_the_job(carried):
    row, lines = product(), []
    jobs.enqueue("tell_text", row)
    jobs.cancel(Job.objects.all())
    Job.objects.update(finished_at=later(-60))

    with followed(Job.objects.all(), lines.append):
        pass

    assert lines == [f"{row.pk}: (cancelled; the stored text is another)"]
