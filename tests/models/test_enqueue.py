"""Turning rows into queued jobs: statements, twins, places in the queue, refusals."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from demo_store.catalogue.models import Product
from shop_ai import jobs
from shop_ai.exceptions import ConfigurationError, Refused, UnknownSkill
from shop_ai.models import Batch, Job, Lane, State, moves
from shop_ai.models.clock import later
from shop_ai.models.queueing import Ask, insert
from shop_ai.roles import bound
from shop_ai.skills import skill
from tests.shop import Hand, edit, pass_time, product, products, review

pytestmark = pytest.mark.django_db
MOST = {"postgresql": lambda wanted: wanted, "sqlite": lambda wanted: 10 * wanted}
"""Django gives SQLite at most 999 parameters a statement, so an INSERT of many rows is cut there."""


@pytest.fixture(autouse=True)
def _shop(shop):
    return shop


def test_ten_thousand_products_take_at_most_forty_statements():
    products(10_000)

    with CaptureQueriesContext(connection) as made:
        queued = jobs.enqueue("write_text", Product.objects.all(), lane=Lane.BULK)

    assert queued.created == 10_000
    assert len(made) <= MOST[connection.vendor](40), len(made)


def test_asking_twice_for_many_takes_no_statement_for_each(shop):
    products(1500)
    jobs.enqueue("write_text", Product.objects.all())

    with CaptureQueriesContext(connection) as made:
        queued = jobs.enqueue("write_text", Product.objects.all())

    assert (queued.created, queued.coalesced) == (0, 1500)
    assert len(made) <= MOST[connection.vendor](20), len(made)


def test_a_queued_twin_is_kept_instead():
    """F19: the second click reports what waits already."""
    row = product()
    jobs.enqueue("write_text", row)

    queued = jobs.enqueue("write_text", row)

    assert (queued.created, queued.coalesced) == (0, 1)
    assert Job.objects.count() == 1


def test_other_options_another_skill_and_another_row_are_no_twins():
    row, other = product(), product()

    jobs.enqueue("write_text", row)
    jobs.enqueue("write_text", row, params={"style": "warm"})
    jobs.enqueue("write_text", row, params={"language": "de"})
    jobs.enqueue("draft_title", row)
    jobs.enqueue("write_text", other)

    assert Job.objects.count() == 5


@pytest.mark.parametrize(
    "params", [{"language": None}, {"style": ""}, {"candidates": 1}, {"language": None, "candidates": 1}]
)
def test_options_that_say_the_default_are_no_options(params):
    """The panel sends every option, an API client those it cares for."""
    row = product()
    jobs.enqueue("write_text", row)

    queued = jobs.enqueue("write_text", row, params=params)

    assert (queued.created, queued.coalesced) == (0, 1)
    assert Job.objects.get().params == {}


def test_a_running_twin_leaves_room_for_one_successor():
    row = product()
    jobs.enqueue("write_text", row)
    running = Hand().one()

    first = jobs.enqueue("write_text", row)
    second = jobs.enqueue("write_text", row)

    assert (first.created, second.created, second.coalesced) == (1, 0, 1)
    assert Job.objects.filter(twin=running.twin).count() == 2


def test_a_coalesced_request_takes_a_newer_look_at_the_text():
    row = product()
    jobs.enqueue("write_text", row)
    edit(row, long_text="By hand.")

    jobs.enqueue("write_text", row)

    hand = Hand()
    assert hand.finish(hand.one(), text="By the model.") == State.SUCCEEDED


def test_a_click_moves_a_bulk_twin_to_the_front():
    rows = [product(), product()]
    jobs.enqueue("write_text", rows, lane=Lane.BULK, delay=60)

    jobs.enqueue("write_text", rows[1])

    job = Hand().one()
    assert (job.target_id, job.lane) == (str(rows[1].pk), Lane.INTERACTIVE)


def test_bulk_does_not_slow_down_what_a_person_waits_for():
    row = product()
    jobs.enqueue("write_text", row)
    before = Job.objects.get()

    jobs.enqueue("write_text", row, lane=Lane.BULK)

    after = Job.objects.get()
    assert (after.lane, after.rank) == (Lane.INTERACTIVE, before.rank)


def test_a_click_does_not_send_a_job_back_that_has_waited_longer():
    row = product()
    jobs.enqueue("write_text", row, lane=Lane.BULK)
    pass_time(3600)
    before = Job.objects.get().rank

    jobs.enqueue("write_text", row)

    assert Job.objects.get().rank == before


def test_a_click_ends_the_wait_before_a_retry():
    row = product()
    jobs.enqueue("write_text", row)
    hand = Hand()
    moves.fail(hand.one(), kind="x", public="x", retryable=True)
    assert hand.claim() == []

    jobs.enqueue("write_text", row)

    assert hand.one().target_id == str(row.pk)


def test_an_overdue_twin_lives_on_for_the_new_request(shop):
    shop(DEADLINE=60.0)
    row = product()
    jobs.enqueue("write_text", row)
    pass_time(61)

    jobs.enqueue("write_text", row)

    assert moves.expire() == 0
    assert Hand().one().target_id == str(row.pk)


def test_bulk_keeps_a_twin_from_expiring(shop):
    shop(DEADLINE=60.0)
    row = product()
    jobs.enqueue("write_text", row)
    jobs.enqueue("write_text", row, lane=Lane.BULK)
    jobs.enqueue("write_text", row)

    assert Job.objects.get().deadline_at is None


def test_interactive_goes_before_bulk_and_bulk_ages():
    old, new = product(), product()
    jobs.enqueue("write_text", old, lane=Lane.BULK)
    jobs.enqueue("write_text", new)
    assert Hand().one().target_id == str(new.pk)
    pass_time(601)

    jobs.enqueue("write_text", product())

    assert Hand().one().target_id == str(old.pk)


def test_a_delayed_job_is_not_available_yet():
    jobs.enqueue("write_text", product(), delay=5.0)

    assert Hand().claim() == []
    pass_time(6)
    assert len(Hand().claim()) == 1


def test_a_row_that_a_join_shows_twice_gets_one_job():
    row = product()

    queued = jobs.enqueue("write_text", Product.objects.filter(attributes__name__in=["Material", "Width"]))

    assert (queued.created, queued.coalesced) == (1, 0)
    assert Job.objects.get().target_id == str(row.pk)


def test_a_slice_queues_just_those_rows():
    rows = products(5)

    queued = jobs.enqueue("write_text", Product.objects.order_by("pk")[:2])

    assert queued.created == 2
    assert set(Job.objects.values_list("target_id", flat=True)) == {str(row.pk) for row in rows[:2]}


def test_rows_of_any_order_and_form_are_taken():
    rows = products(3)

    assert jobs.enqueue("write_text", Product.objects.order_by("-title")).created == 3
    assert jobs.enqueue("draft_title", iter(rows)).created == 3
    assert jobs.enqueue("draft_title", []).created == 0


def test_rollback_leaves_nothing():
    """F11: a view that fails after enqueue has queued nothing and rings nobody."""
    rung = []
    for _ in range(20):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            jobs.enqueue("write_text", product())
            transaction.on_commit(lambda: rung.append(1))
            _ = 1 / 0

    assert (Job.objects.count(), rung) == (0, [])


def test_wrong_options_are_refused_in_a_sentence():
    with pytest.raises(Refused, match="candidates"):
        jobs.enqueue("write_text", product(), params={"candidates": 99})
    with pytest.raises(Refused, match="colour"):
        jobs.enqueue("write_text", product(), params={"colour": "red"})

    assert not Job.objects.exists()


def test_rows_of_another_model_are_refused():
    with pytest.raises(Refused, match="write_text works on"):
        jobs.enqueue("write_text", review())


def test_an_unknown_skill_names_the_nearest():
    with pytest.raises(UnknownSkill, match="write_text"):
        jobs.enqueue("write_txt", product())


def test_a_skill_of_a_role_that_is_not_bound_is_refused(shop):
    from tests.shop import shop_settings

    roles = shop_settings()["ROLES"]
    del roles["review"]
    shop(ROLES=roles)

    with pytest.raises(ConfigurationError, match="review"):
        jobs.enqueue("score_review", product())


def test_owner_batch_and_options_stand_in_the_job(django_user_model):
    user = django_user_model.objects.create(username="u")
    batch = Batch.objects.create(skill="write_text")

    jobs.enqueue("write_text", product(), by=user, batch=batch, params={"language": "de"})

    job = Job.objects.get()
    assert (job.owner, job.batch, job.language, job.params) == (user, batch, "de", {"language": "de"})


def test_a_successor_does_not_take_the_newer_look_of_a_waiting_twin():
    """A person's edit after the second button is safe, even when the text came back to what it was."""
    row = product()
    ask = Ask(skill=skill("write_text"), binding=bound(skill("write_text").role))
    edit(row, long_text="Second.")
    insert(ask, Product.objects.filter(pk=row.pk))
    before = Job.objects.get()
    moves.queue([_copy(before, target_fp="another look")], raise_rank=False, look_again=False)

    after = Job.objects.get()

    assert after.target_fp == before.target_fp


def _copy(job: Job, **changes: object) -> Job:
    names = ("skill", "target_model", "target_id", "twin", "slot", "queue_key", "rank", "available_at")
    return Job(**{name: getattr(job, name) for name in names}, **changes)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_job_each():
    """F19: the same bulk action twice, in parallel."""
    products(300)
    created: list[int] = []
    start = threading.Barrier(2)

    def click() -> None:
        try:
            start.wait()
            created.append(jobs.enqueue("write_text", Product.objects.all(), lane=Lane.BULK).created)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(created) == 300
    assert Job.objects.filter(queue_key=F("twin"), available_at__lte=later(0)).count() == 300


def test_a_storm_of_saves_keeps_two_live_jobs_at_most():
    """F18: one running, one queued, however often a row is saved."""
    rows = products(5)
    hand = Hand()
    for round_ in range(20):
        for row in rows:
            jobs.enqueue("write_text", row, lane=Lane.BULK, delay=5.0)
        if round_ == 3:
            pass_time(6)
            hand.claim(5)

    live = [Job.objects.filter(target_id=str(row.pk)).count() for row in rows]
    assert live == [2] * 5
