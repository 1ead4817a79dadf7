"""The worker's loop on the echo backend: what one job, one row, the backend or the database do to it."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, OperationalError, connections

from demo_store.catalogue.models import Product
from shop_ai import jobs
from shop_ai.exceptions import BackendError, DeadBackend, Declined, InvalidOutput, TargetGone
from shop_ai.lm.base import Backend, Candidate, Completion
from shop_ai.lm.echo import EchoBackend
from shop_ai.models import Attempt, Job, Lane, State, Suggestion, WorkerBoot, moves
from shop_ai.models.clock import later
from shop_ai.models.guidance import InForce
from shop_ai.worker import Worker, build_backend, loop
from shop_ai.worker.keeper import register
from shop_ai.worker.run import load, prepare
from tests.models.invariants import Watch, violations
from tests.shop import Hand, WriteText, edit, pass_time, product, products, review, shop_settings
from tests.worker.by_hand import ByHand

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(shop):
    yield shop
    assert [v for v in violations() if not v.startswith("I6")] == []


@pytest.fixture
def worker():
    made: list[Worker] = []

    def start(backend: Backend | None = None, **options):
        made.append(Worker(backend or EchoBackend(options=options)))
        made[-1].backend.open()
        return made[-1]

    yield start
    for one in made:
        one.backend.close()


def states():
    return sorted(Job.objects.values_list("state", flat=True))


def queue(count=1, **kwargs):
    rows = [product() for _ in range(count)]
    jobs.enqueue("write_text", rows, **kwargs)
    return rows


# -- the good day ------------------------------------------------------------------------------


def test_everything_queued_is_worked_off(worker):
    rows = queue(40)
    jobs.enqueue("draft_title", rows[:3], lane=Lane.BULK)
    jobs.enqueue("score_review", review())
    watch = Watch()
    watch.rows(rows, written=("long_text", "updated_at"))

    worker(room=8).work_off()

    assert set(states()) == {"succeeded"}
    assert Product.objects.filter(pk__in=[row.pk for row in rows], long_text="").count() == 0
    assert watch.violations(settled=True) == []


def test_provenance_says_who_wrote_it(worker):
    queue()

    worker().work_off()

    provenance = Suggestion.objects.get().provenance
    assert (provenance["backend"], provenance["asked"]) == ("EchoBackend", 1)
    assert provenance["fields"] == ["attributes", "brand", "name"]
    assert Attempt.objects.get().tokens_out > 0


def test_provenance_says_under_which_adapter(worker, monkeypatch):
    monkeypatch.setattr(WriteText, "adapter", "prose")
    queue()

    worker().work_off()

    assert Suggestion.objects.get().provenance["adapter"] == "prose"


def test_an_old_text_is_applied_to_none_of_the_edited(worker):
    """F15, F16, F16b: 100 edited between button and claim, 100 while the LM writes."""
    backend = ByHand()
    backend.room = 500
    rows = products(300)
    jobs.enqueue("write_text", rows)
    for row in rows[:50]:
        edit(row, long_text="By hand.")
    for row in rows[50:100]:
        edit(row, title="Plate")
    one = worker(backend)
    one.step()
    for row in rows[100:150]:
        edit(row, long_text="By hand.")
    for row in rows[150:200]:
        edit(row, title="Plate")

    backend.answer('{"text": "Old."}')
    one.step()

    found = dict(Product.objects.values_list("pk", "long_text"))
    assert [found[row.pk] for row in rows[:50] + rows[100:150]] == ["By hand."] * 100
    assert [found[row.pk] for row in rows[150:200]] == [""] * 50
    assert {found[row.pk] for row in rows[50:100] + rows[200:]} == {"Old."}
    backend.answer('{"text": "New."}')
    one.step()
    assert Product.objects.filter(long_text="New.").count() == 50


def test_a_storm_of_saves_is_worked_off_with_few_answers(worker):
    """F18: many saves, at most one running and one waiting job for each row."""
    backend = ByHand()
    rows = [product() for _ in range(5)]
    one = worker(backend)
    for round_ in range(10):
        for row in rows:
            edit(row, title=f"Bowl {round_}")
            jobs.enqueue("write_text", row, lane=Lane.BULK, delay=5.0)
        if round_ in (2, 7):
            pass_time(6)
            one.step()
    pass_time(6)
    for _ in range(4):
        backend.answer()
        one.step()
        pass_time(6)

    assert len(backend.asked) <= 20
    assert not Job.objects.filter(state__in=("queued", "running")).exists()


# -- one bad item ------------------------------------------------------------------------------


def test_one_bad_item_of_sixteen_fails_alone(worker):
    """F21: fifteen succeed in the same pass, the bad one gets its own error."""
    bad = product("Rotten")
    jobs.enqueue("write_text", [*(product() for _ in range(15)), bad])

    worker(room=16, fail={"Rotten": "RequestTooLarge"}).work_off()

    assert states() == ["dead"] + ["succeeded"] * 15
    job = Job.objects.get(state=State.DEAD)
    assert (job.target_id, job.error_class) == (str(bad.pk), "too_large")


def test_an_error_that_may_pass_is_tried_again(worker):
    product("Rotten")
    jobs.enqueue("write_text", Product.objects.all())
    one = worker(fail={"Rotten": "BackendError"})

    for _ in range(5):
        one.work_off()
        pass_time(700)

    job = Job.objects.get()
    assert (job.state, job.charged, job.error_class) == (State.DEAD, 5, "BackendError")


def test_invalid_output_is_asked_for_twice_more(worker):
    backend = ByHand()
    queue()
    one = worker(backend)
    one.step()
    for _ in range(3):
        backend.answer("no JSON")
        one.step()

    job = Job.objects.get()
    seeds = [request.sampling.seed for request, _ in backend.asked]
    assert (len(backend.asked), len(set(seeds))) == (3, 3)
    assert (job.state, job.error_class, job.attempt) == (State.DEAD, "invalid_output", 1)


def test_the_second_answer_may_do(worker):
    backend = ByHand()
    queue()
    one = worker(backend)
    one.step()
    backend.answer("no JSON")
    one.step()
    backend.answer()
    one.step()

    assert Suggestion.objects.get().provenance["asked"] == 2


def test_many_refusals_in_a_row_do_not_stop_the_work(worker):
    """A room full of jobs that end before they are asked about leaves the rest to the next look."""
    jobs.enqueue("describe_product", [product(facts=False) for _ in range(9)])

    worker(room=2).work_off()

    assert states() == ["declined"] * 9
    assert Job.objects.filter(missing=["attributes"]).count() == 9


def test_a_row_deleted_meanwhile_cancels_its_job(worker):
    """F17: before the claim, and while the LM writes."""
    rows = queue(3)
    rows[0].delete()
    backend = ByHand()
    one = worker(backend)
    one.step()
    rows[1].delete()

    backend.answer()
    one.step()

    assert states() == ["cancelled", "cancelled", "succeeded"]
    assert set(Job.objects.filter(state="cancelled").values_list("error_class", "output")) == {
        ("target_gone", None)
    }


def test_a_row_deleted_while_it_was_read_is_gone_and_not_declined():
    """F17: its facts may be gone before it is."""
    row = product(facts=False)
    jobs.enqueue("describe_product", row)
    job = Hand().one()
    rows = load([job])
    with pytest.raises(Declined):
        prepare(job, rows, EchoBackend(), InForce())
    row.delete()

    with pytest.raises(TargetGone):
        prepare(job, rows, EchoBackend(), InForce())


def test_options_that_no_longer_exist_end_the_job(worker):
    queue()
    Job.objects.update(params={"colour": "red"})

    worker().work_off()

    job = Job.objects.get()
    assert (job.state, job.error_class) == (State.DEAD, "bad_options")
    assert "colour" in job.error_public


@pytest.mark.parametrize("model", ["catalogue.gone", "auth.user"])
def test_a_model_that_is_gone_or_unbound_spoils_no_other_job(worker, model):
    queue(3)
    Job.objects.filter(pk=Job.objects.first().pk).update(target_model=model)

    worker().work_off()

    assert states() == ["cancelled", "succeeded", "succeeded"]


def test_a_key_that_no_row_can_have_spoils_no_other_job(worker):
    queue(3)
    Job.objects.filter(pk=Job.objects.first().pk).update(target_id="abc")

    worker().work_off()

    assert states() == ["cancelled", "succeeded", "succeeded"]


@pytest.mark.parametrize("error", [ValueError("broken"), DatabaseError("broken")])
def test_a_row_that_cannot_be_read_spoils_no_other_job(worker, monkeypatch, error):
    rows = queue(3)
    bad = str(rows[1].pk)
    render = WriteText.render

    def broken(self, subject):
        if str(subject.values.identity).endswith(f":{bad}"):
            raise error
        return render(self, subject)

    monkeypatch.setattr(WriteText, "render", broken)

    worker().work_off()

    assert states() == ["queued", "succeeded", "succeeded"]
    assert Job.objects.get(state="queued").charged == 1


def test_rows_that_cannot_be_read_together_are_read_one_by_one(worker, monkeypatch):
    queue(3)
    load = loop.load

    def only_one(some):
        if len(some) > 1:
            raise ValueError("one of them")
        return load(some)

    monkeypatch.setattr(loop, "load", only_one)

    worker().work_off()

    assert states() == ["succeeded"] * 3


def test_a_store_that_refuses_the_value_fails_that_job_alone(worker, monkeypatch):
    rows = queue(2)
    save = Product.save

    def broken(self, **kwargs):
        if self.pk == rows[0].pk:
            raise ValueError("not on a Sunday")
        save(self, **kwargs)

    monkeypatch.setattr(Product, "save", broken)

    worker().work_off()

    assert states() == ["queued", "succeeded"]
    assert "Unexpected error (ValueError)" in Job.objects.get(state="queued").error_public


# -- the backend -------------------------------------------------------------------------------


def test_what_is_at_hand_in_the_backend_is_claimed_first(worker, monkeypatch):
    """Both skills wait for room; the backend has the adapter of the younger jobs in use."""
    monkeypatch.setattr(WriteText, "adapter", "prose")
    backend = ByHand()
    backend.room = 2
    backend.at_hand = lambda adapter: adapter == "prose"
    jobs.enqueue("draft_title", [product() for _ in range(4)])
    queue(4)
    one = worker(backend)

    one.step()

    assert [request.adapter for request, _ in backend.asked] == ["prose", "prose"]


def test_an_adapter_that_cannot_be_used_ends_its_jobs_and_opens_no_breaker(worker, monkeypatch):
    monkeypatch.setattr(WriteText, "adapter", "prose")
    queue(8)
    jobs.enqueue("draft_title", product())
    one = worker(adapters=[])

    one.work_off()

    assert states() == ["dead"] * 8 + ["succeeded"]
    assert set(Job.objects.filter(state="dead").values_list("error_class", "charged")) == {("adapter", 0)}
    assert not one.breaker.is_open


def test_the_breaker_stops_asking_and_charges_nobody_while_open(worker):
    """F31: at most five failures, then one probe a pause; nothing is charged while it is open."""
    backend = ByHand()
    queue(8)
    one = worker(backend)
    one.step()

    backend.fail(BackendError("away"))
    one.step()

    charged = sorted(Job.objects.values_list("charged", flat=True))
    assert (one.breaker.is_open, charged) == (True, [0, 0, 0, 1, 1, 1, 1, 1])
    pass_time(60)
    assert one.fill() == 0
    one.breaker._opened_at -= 60
    assert one.fill() == 1
    assert one.fill() == 0


def test_a_dead_language_model_ends_the_loop_and_its_jobs_are_as_lost_with_it(worker):
    backend = ByHand()
    one = worker(backend)
    queue(3)
    one.step()

    backend.fail(DeadBackend("CUDA error"))

    with pytest.raises(DeadBackend, match="CUDA error"):
        one.run()
    assert not one.runs
    moves.reap()
    assert set(Job.objects.values_list("state", "worker_lost", "error_class")) == {("queued", 1, "")}


def test_a_probe_that_fails_lets_another_job_go_first(worker):
    backend = ByHand()
    backend.room = 1
    queue(2)
    one = worker(backend)
    one.breaker.failures, one.breaker._opened_at = 5, -1e9
    one.step()
    first = next(iter(one.runs))
    backend.fail(BackendError("away"))
    one.collect()
    one.breaker._opened_at = -1e9

    one.fill()

    assert next(iter(one.runs)) != first
    backend.answer()
    one.collect()
    assert not one.breaker.is_open


def test_a_backend_that_closes_gives_back_uncharged(worker):
    backend = ByHand()
    queue()
    one = worker(backend)
    one.step()
    backend.asked[0][1].cancel()

    one.collect()

    job = Job.objects.get()
    assert (job.state, job.charged) == (State.QUEUED, 0)


def test_a_column_that_takes_no_text_ends_the_job_at_once(worker, shop):
    """Trying again would ask the language model in vain."""
    roles = shop_settings()["ROLES"]
    roles["product"]["FIELDS"]["description"] = "price"
    shop(ROLES=roles)
    queue()

    worker().work_off()

    job = Job.objects.get()
    assert (job.state, job.error_class) == (State.DEAD, "refused")
    assert job.error_public.startswith("The store's field price does not take this: ")


def test_a_backend_that_cannot_do_it_ends_the_job(worker):
    class Plain(ByHand):
        schema = False

        def submit(self, request):
            self.refuse_unsupported(request)

    queue()

    worker(Plain()).work_off()

    assert (Job.objects.get().state, Job.objects.get().error_class) == (State.DEAD, "unsupported")


# -- room --------------------------------------------------------------------------------------


def test_a_little_room_is_kept_for_each_lane(worker):
    """F30: bulk rows that outwaited their head start do not take the last place."""
    backend = ByHand()
    backend.room = 20
    queue(30, lane=Lane.BULK)
    pass_time(3600)
    one = worker(backend)
    one.step()
    bulk = len(one.runs)
    queue(3)

    one.ring()
    one.step()

    assert bulk == 19
    assert sum(run.job.lane == "interactive" for run in one.runs.values()) == 1


@pytest.fixture
def looks(monkeypatch):
    """How often the table was looked at; never by the clock until a test turns it on."""
    found, claim = [], moves.claim
    monkeypatch.setattr(moves, "claim", lambda *a, **kw: found.append(1) or claim(*a, **kw))
    monkeypatch.setattr(loop, "BUSY_LOOK", 3600.0)
    return found


def test_what_comes_without_a_ring_is_found_a_little_later(worker, looks, monkeypatch):
    queue(2)
    one = worker(ByHand())
    one.step()
    one.step()
    one.ring()
    one.step()
    rung = len(looks)
    monkeypatch.setattr(loop, "BUSY_LOOK", 0.0)
    one.step()
    nothing = len(looks)
    queue(1)

    one.step()

    assert (rung, nothing, len(looks)) == (2, 2, 3)
    assert len(one.runs) == 3


def test_jobs_are_taken_when_an_eighth_of_the_room_is_free(worker, looks):
    """A look costs as much for one as for many."""
    backend, seen = ByHand(), []
    backend.room = 64
    queue(80)
    one = worker(backend)
    one.step()
    for _, future in backend.asked[:4]:
        future.set_result(fine())
        one.step()
        seen.append((len(one.runs), len(looks)))

    assert seen == [(57, 1), (58, 2), (57, 2), (58, 3)]  # six places are kept for the other lane


def fine():
    return Completion(candidates=(Candidate(text='{"text": "Fine."}', tokens=1),))


def test_candidates_count_as_rows(worker):
    backend = ByHand()
    jobs.enqueue("write_text", [product() for _ in range(9)], params={"candidates": 4})
    one = worker(backend)
    one.step()

    one.step()

    assert sum(run.rows for run in one.runs.values()) >= backend.room
    assert one.fill() == 0


def test_wide_jobs_do_not_crowd_the_backend(worker):
    """F30: what waits inside the backend would be before every newcomer."""
    backend = ByHand()
    jobs.enqueue("write_text", [product() for _ in range(30)], params={"candidates": 4})
    one = worker(backend)
    one.step()
    backend.answer()

    one.step()

    assert backend.room <= sum(run.rows for run in one.runs.values()) <= backend.room + 4


def test_an_answered_request_makes_room_before_its_job_is_done(worker):
    """Else the rows of a backend stay empty while each job waits for its longest answer."""
    backend = ByHand()
    one = worker(backend)
    jobs.enqueue("describe_product", product())
    one.step()
    jobs.enqueue("describe_product", [product() for _ in range(8)])
    one.ring()
    one.step()
    before = set(one.runs)

    for _, future in backend.asked[:2] + backend.asked[3:4]:
        future.set_result(Completion(candidates=(Candidate(text="Fine.", tokens=1),)))
    one.step()

    assert before < set(one.runs)
    assert sum(not future.done() for _, future in backend.asked) >= backend.room


def test_a_job_that_may_kill_runs_with_nothing_beside_it(worker):
    backend = ByHand()
    rows = queue(3)
    one = worker(backend)
    Job.objects.filter(target_id=str(rows[1].pk)).update(worker_lost=2, rank=later(-60))

    one.step()
    alone = [run.job.target_id for run in one.runs.values()]
    one.step()

    assert alone == [str(rows[1].pk)]
    assert len(one.runs) == 1


def test_poison_dies_at_its_third_loss_and_the_healthy_succeed(worker):
    """F20: three jobs that take their worker with them, among forty."""
    rows = [product("Poison" if n in (3, 11, 27) else "Bowl") for n in range(40)]
    jobs.enqueue("write_text", rows, lane=Lane.BULK)
    deaths = 0

    for _ in range(60):
        backend = ByHand()
        one = worker(backend)
        one.step()
        if not one.runs and Job.objects.filter(state="queued").exists():
            pass_time(121)  # until workers have lived for a while, suspects wait
            one.step()
        if not one.runs:
            break
        texts = ["".join(message.text for message in request.messages) for request, _ in backend.asked]
        if any("Poison" in text for text in texts):
            deaths += 1
            pass_time(31)
            moves.reap()
            continue
        backend.answer()
        one.collect()

    assert states() == ["dead"] * 3 + ["succeeded"] * 37
    assert set(Job.objects.filter(state="dead").values_list("error_class", flat=True)) == {"worker_lost"}
    assert deaths <= 9


# -- leases and cancellation -------------------------------------------------------------------


def test_a_running_job_is_cancelled_and_its_answer_dropped(worker):
    """F33."""
    backend = ByHand()
    (row,) = queue()
    one = worker(backend)
    one.step()
    jobs.cancel(Job.objects.all())
    one.renew()

    one.collect()

    row.refresh_from_db()
    assert (Job.objects.get().state, row.long_text, one.runs) == (State.CANCELLED, "", {})
    assert backend.asked[0][1].cancelled()


def test_a_cancel_the_renewer_has_not_seen_yet_is_found_at_the_end(worker):
    backend = ByHand()
    (row,) = queue()
    one = worker(backend)
    one.step()
    jobs.cancel(Job.objects.all())
    backend.answer()

    one.collect()

    row.refresh_from_db()
    assert (Job.objects.get().state, row.long_text, one.stale_attempts) == (State.CANCELLED, "", 0)


def test_an_error_of_a_cancelled_job_still_cancels_it(worker):
    backend = ByHand()
    queue()
    one = worker(backend)
    one.step()
    jobs.cancel(Job.objects.all())
    backend.fail(BackendError("x"))

    one.collect()

    assert Job.objects.get().state == State.CANCELLED


def test_a_lost_job_is_let_go(worker):
    """F4: the answer of a worker that lost its lease is thrown away, and counted."""
    backend = ByHand()
    queue()
    one = worker(backend)
    one.step()
    pass_time(31)
    moves.reap()
    one.renew()

    one.collect()

    assert (one.runs, one.stale_attempts, Job.objects.get().state) == ({}, 1, State.QUEUED)


def test_an_answer_after_the_lease_is_fenced(worker):
    backend = ByHand()
    (row,) = queue()
    one = worker(backend)
    one.step()
    pass_time(31)
    moves.reap()
    backend.answer()

    one.collect()

    row.refresh_from_db()
    assert (row.long_text, one.stale_attempts) == ("", 1)


def test_a_job_lost_unnoticed_and_claimed_again_runs_once(worker):
    backend = ByHand()
    queue()
    one = worker(backend)
    one.step()
    pass_time(31)
    moves.reap()

    one.ring()
    one.step()

    assert [run.job.attempt for run in one.runs.values()] == [2]
    assert backend.asked[0][1].cancelled()
    backend.answer()
    one.collect()
    assert Job.objects.get().state == State.SUCCEEDED


def test_work_off_renews_its_own_leases(worker, shop):
    shop(LEASE=0.2)
    queue(4)
    one = worker(room=1, latency=0.15)

    one.work_off()

    assert states() == ["succeeded"] * 4


def test_work_off_gives_back_what_takes_too_long(worker):
    queue()

    worker(ByHand()).work_off(timeout=0.01)

    job = Job.objects.get()
    assert (job.state, job.charged) == (State.QUEUED, 0)


# -- the database ------------------------------------------------------------------------------


@pytest.fixture
def keep_connections(monkeypatch):
    """The test's own transaction lives in the connection that the loop would close."""
    closed: list[int] = []
    monkeypatch.setattr(type(connections), "close_all", lambda self: closed.append(1))
    return closed


def test_an_answer_that_could_not_be_stored_is_kept(worker, monkeypatch, keep_connections):
    """F12, F14: a deadlock or a restart at the wrong moment loses nothing."""
    backend = ByHand()
    (row,) = queue()
    one = worker(backend)
    one.step()
    backend.answer()
    finish = loop.finish
    tries = []

    def away(job, result):
        tries.append(job)
        if len(tries) < 3:
            raise OperationalError("deadlock detected")
        return finish(job, result)

    monkeypatch.setattr(loop, "finish", away)
    for _ in range(3):
        one.collect()

    row.refresh_from_db()
    assert (row.long_text, len(tries), len(keep_connections)) == ("Fine.", 3, 2)
    assert len(backend.asked) == 1


def test_an_answer_the_database_will_never_take_fails_its_job(worker, monkeypatch, keep_connections):
    backend = ByHand()
    queue()
    one = worker(backend)
    one.step()
    backend.answer()
    monkeypatch.setattr(loop, "finish", lambda job, result: (_ for _ in ()).throw(DatabaseError("no")))

    for _ in range(4):
        one.collect()

    job = Job.objects.get()
    assert (job.state, job.error_class, job.charged, one.runs) == (State.QUEUED, "database", 1, {})


def test_one_that_was_cancelled_while_it_could_not_be_stored_ends(worker, monkeypatch, keep_connections):
    backend = ByHand()
    queue()
    one = worker(backend)
    one.step()
    backend.answer()
    jobs.cancel(Job.objects.all())
    monkeypatch.setattr(loop, "finish", lambda job, result: (_ for _ in ()).throw(DatabaseError("no")))

    for _ in range(4):
        one.collect()

    assert Job.objects.get().state == State.CANCELLED


def test_jobs_claimed_when_the_database_went_away_are_given_back(worker, monkeypatch):
    """F12: what was claimed and could not be begun waits again, uncharged."""
    queue(3)
    one = worker(ByHand())
    monkeypatch.setattr(loop, "prepare", lambda *_: (_ for _ in ()).throw(OperationalError("gone")))
    fail, release = moves.fail, moves.release
    monkeypatch.setattr(moves, "fail", lambda *_, **__: (_ for _ in ()).throw(OperationalError("gone")))
    with pytest.raises(OperationalError):
        one.step()
    assert states() == ["running"] * 3

    monkeypatch.setattr(moves, "fail", fail)
    monkeypatch.setattr(moves, "release", release)
    jobs.cancel(Job.objects.filter(pk=Job.objects.first().pk))
    one._return_unbegun()

    assert states() == ["cancelled", "queued", "queued"]
    assert set(Job.objects.values_list("charged", flat=True)) == {0}


def test_a_job_that_could_not_be_settled_is_settled_later(worker, monkeypatch):
    backend = ByHand()
    queue()
    one = worker(backend)
    one.step()
    backend.fail(ValueError("x"))
    fail = moves.fail
    monkeypatch.setattr(moves, "fail", lambda *_, **__: (_ for _ in ()).throw(OperationalError("gone")))
    with pytest.raises(OperationalError):
        one.collect()
    monkeypatch.setattr(moves, "fail", fail)

    one.collect()

    assert (Job.objects.get().charged, one.runs) == (1, {})


# -- the thread --------------------------------------------------------------------------------


def run_in_thread(one):
    thread = threading.Thread(target=one.run)
    thread.start()
    return thread


def until(true):
    """Wait for what another thread does."""
    for _ in range(600):
        if true():
            return
        threading.Event().wait(0.05)
    raise AssertionError("It did not happen.")


@pytest.mark.django_db(transaction=True)
def test_the_loop_works_until_it_is_stopped(worker, shop):
    """F9: a ring only sets an event, however often it comes."""
    shop(IDLE_LOOK=60.0)
    one = worker()
    thread = run_in_thread(one)
    queue(3)

    for _ in range(100):
        one.ring()
    until(lambda: states() == ["succeeded"] * 3)
    one.stop(grace=20)
    thread.join(30)

    assert not thread.is_alive()
    assert Attempt.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_the_loop_looks_without_a_ring(worker, shop):
    """F10, F27: without a broker it is slower, not broken."""
    shop(IDLE_LOOK=0.05)
    one = worker()
    thread = run_in_thread(one)

    queue(2)
    until(lambda: states() == ["succeeded"] * 2)
    one.stop(grace=20)
    thread.join(30)

    assert not thread.is_alive()


@pytest.mark.django_db(transaction=True)
def test_a_warm_stop_finishes_what_it_can_and_takes_nothing_new(worker, shop):
    """F24: finished within the grace."""
    shop(IDLE_LOOK=0.05)
    backend = ByHand()
    backend.room = 1
    queue(2)
    one = worker(backend)
    thread = run_in_thread(one)
    until(lambda: len(backend.asked) == 1)

    one.stop(grace=60)
    backend.answer()
    thread.join(30)

    assert not thread.is_alive()
    assert states() == ["queued", "succeeded"]


@pytest.mark.django_db(transaction=True)
def test_a_warm_stop_gives_back_the_rest_uncharged(worker, shop):
    """F24: given up after the grace, available again at once."""
    shop(IDLE_LOOK=0.05)
    queue(2)
    one = worker(ByHand())
    thread = run_in_thread(one)
    until(lambda: len(one.runs) == 2)
    jobs.cancel(Job.objects.filter(pk=Job.objects.first().pk))

    one.stop(grace=0.0)
    thread.join(30)

    assert not thread.is_alive()
    assert states() == ["cancelled", "queued"]
    assert set(Job.objects.values_list("charged", flat=True)) == {0}
    assert Job.objects.filter(state="queued", available_at__lte=later(0)).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [OperationalError("away"), ValueError("a fault of ours")])
def test_no_error_ends_the_loop(worker, shop, monkeypatch, error):
    shop(IDLE_LOOK=0.05)
    one = worker()
    fill, raised = one.fill, []

    def broken():
        if not raised:
            raised.append(1)
            raise error
        return fill()

    monkeypatch.setattr(one, "fill", broken)
    thread = run_in_thread(one)
    queue()
    one.ring()

    until(lambda: states() == ["succeeded"])
    one.stop(grace=20)
    thread.join(30)

    assert raised == [1]


# -- small things ------------------------------------------------------------------------------


def test_the_settings_make_the_backend():
    backend = build_backend()

    assert isinstance(backend, EchoBackend)
    assert backend.options["folder"]
    assert backend.options["adapter_folder"]


def test_a_worker_says_that_it_is_there():
    one = Worker(EchoBackend(), ["bulk"])

    register(one, "loading")
    register(one, "ready", checkpoint="x")

    boot = WorkerBoot.objects.get()
    assert (boot.id, boot.state, boot.lanes, boot.detail) == (one.id, "ready", ["bulk"], {"checkpoint": "x"})


def test_an_error_is_told_in_words_for_a_shop_manager():
    assert loop.public(TargetGone()) == "The entry was deleted in the meantime."
    assert loop.public(InvalidOutput("No sentence.")) == "No sentence."
    assert "worker's log" in loop.public(KeyError("x"))


def test_an_interrupt_is_not_taken_for_the_jobs_error(worker):
    queue()
    one = worker(ByHand())
    one.step()
    (run,) = one.runs.values()

    with pytest.raises(KeyboardInterrupt), one._endings(run.job):
        raise KeyboardInterrupt

    assert Job.objects.get().state == State.RUNNING
