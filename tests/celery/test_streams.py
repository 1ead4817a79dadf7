"""A reader in this process and a worker in another: killed, stopped, without its Redis, in mid-sentence."""

from __future__ import annotations

import signal
import time

import pytest
from django.db import OperationalError, connection, transaction

from demo_store.catalogue.models import Product
from shop_ai import jobs, streams
from shop_ai.models import Job
from tests import services
from tests.celery.harness import PATIENCE, all_ended, check, check_written_once, wait_until

TEXT = "It is a cup. It holds tea. It is blue. 很好看。It is fine"
WHOLE = ["It is a cup.", "It holds tea.", "It is blue.", "很好看。", "It is fine."]


def halfway(until="/nowhere"):
    return {"BACKEND": "tests.celery.store.Halfway", "OPTIONS": {"until": str(until)}}


def through(url, ai):
    """Streams go there."""
    ai(SKILLS=["tests.streams.skills.TellFreely"], STREAM_URL=url)


def follow(job, after="", *, last="end"):
    """What a reader hears from there to the first event of that kind."""
    heard = []
    while not heard or heard[-1].kind != last:
        found = streams.read(job.pk, after=after, wait=PATIENCE)
        assert found, f"nothing came after {heard}"
        for event in found:
            heard.append(event)
            after = event.id
            if event.kind == last:
                break
    return heard


def sentences(heard):
    return [event.text for event in heard if event.kind == "sentence"]


def put_to_sleep(worker):
    """Stop it where it holds no lock: in the middle of a transaction it would stop everybody."""
    worker.send(signal.SIGSTOP)
    while not nothing_is_locked():
        worker.send(signal.SIGCONT)
        time.sleep(0.05)
        worker.send(signal.SIGSTOP)


def nothing_is_locked():
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 200" if sqlite else "SELECT 1")
        try:
            with transaction.atomic():
                list(Job.objects.select_for_update(nowait=True))
        except OperationalError:
            return False
        finally:
            cursor.execute("PRAGMA busy_timeout = 20000" if sqlite else "SELECT 1")
    return True


@pytest.fixture
def job(products):
    """`job()` asks for a text about a product."""

    def asked():
        rows = products(1)
        rows.update(title=TEXT)
        jobs.enqueue("tell_freely", rows)
        return Job.objects.get()

    return asked


@pytest.fixture
def carrier():
    """A Redis for streams alone; the broker is the folder."""
    try:
        with services.redis() as server:
            yield server
    except services.Unavailable as reason:
        pytest.skip(str(reason))


def test_killed_in_mid_sentence(folder, ai, start, job, stream_url):
    through(stream_url, ai)
    asked = job()
    first = start(folder, LM=halfway())
    begun = follow(asked, last="sentence")[-1]

    first.kill()
    start(folder)
    restart = follow(asked, begun.id, last="restart")[-1]
    rest = follow(asked, restart.id)

    assert (begun.text, begun.attempt) == (WHOLE[0], 1)
    assert restart.attempt == 2
    assert sentences(rest) == WHOLE
    assert (rest[-1].state, rest[-1].differs) == ("succeeded", False)
    check(1)
    check_written_once(Product.objects.all())


def test_a_stopped_worker_that_wakes_is_not_heard(folder, ai, start, job, stream_url, tmp_path):
    through(stream_url, ai)
    asked = job()
    sleeper = start(folder, LM=halfway(tmp_path / "one"))
    begun = follow(asked, last="sentence")[-1]
    put_to_sleep(sleeper)
    start(folder, LM=halfway(tmp_path / "other"))
    again = follow(asked, begun.id, last="restart")[-1]

    seen = sleeper.boot.seen_at
    (tmp_path / "one").touch()
    sleeper.send(signal.SIGCONT)
    wait_until(lambda: sleeper.boot.seen_at > seen, "the sleeper to look around")
    (tmp_path / "other").touch()
    rest = follow(asked, again.id)

    assert {event.attempt for event in rest} == {2}
    assert sentences(rest) == WHOLE
    check(1)
    check_written_once(Product.objects.all())


def test_redis_restarted_in_mid_sentence(folder, ai, start, job, carrier, tmp_path):
    through(carrier.url, ai)
    asked = job()
    start(folder, LM=halfway(tmp_path / "go on"))
    begun = follow(asked, last="sentence")[-1]

    carrier.restart(kill=True)
    (tmp_path / "go on").touch()
    rest = follow(asked, begun.id)
    everything = wait_until(lambda: whole(streams.read(asked.pk)), "all that was said")

    assert rest[-1].state == "succeeded"
    assert sentences(everything) == WHOLE
    assert not everything[-1].differs
    check(1)


def whole(heard):
    """What counts of a stream that has told its end, else nothing."""
    restarts = [number for number, event in enumerate(heard) if event.kind == "restart"]
    return heard[max(restarts, default=0) :] if heard and heard[-1].kind == "end" else []


def test_redis_gone_for_good(folder, ai, start, job, carrier, tmp_path):
    through(carrier.url, ai)
    asked = job()
    start(folder, LM=halfway(tmp_path / "go on"))
    begun = follow(asked, last="sentence")[-1]

    carrier.kill()
    (tmp_path / "go on").touch()
    wait_until(all_ended, "the job")
    (end,) = follow(asked, begun.id)

    assert (end.kind, end.state, end.differs) == ("end", "succeeded", True)
    check(1)
