"""ai_run: on which rows, by whom, how far, and what to do when it cannot be."""

from __future__ import annotations

import json
import threading
import time

import pytest
from django.db import connection

from demo_store.catalogue.models import Product
from shop_ai import jobs
from shop_ai.management.commands import ai_run
from shop_ai.models import Job, Pause, Suggestion
from shop_ai.worker import Worker, build_backend
from tests import shop as rows


def test_now_does_the_work_here(run, products):
    said = run("ai_run", "describe_product", "--now")

    assert (said.code, said.error) == (0, "")
    assert "5 done in" in said.out
    assert Suggestion.objects.count() == 5


def test_declined_is_no_failure(run, db):
    rows.product(facts=False)

    said = run("ai_run", "describe_product", "--now")

    assert said.code == 0
    assert "1 declined" in said.out


def test_json_is_one_object(run, products):
    said = run("ai_run", "describe_product", "--now", "--json", "--limit", "2")

    found = json.loads(said.out)
    assert found["states"] == {"succeeded": 2}
    assert (found["skill"], found["rows"], found["failed"]) == ("describe_product", 2, [])


def test_where_takes_any_lookup(run, products):
    wanted = [
        "--where",
        "title__in=Bowl 1,Bowl 3",
        "--where",
        "is_public=true",
        "--where",
        "category__slug=bowls",
    ]

    run("ai_run", "describe_product", "--now", *wanted)

    found = Product.objects.filter(pk__in=list(Job.objects.values_list("target_id", flat=True)))
    assert {product.title for product in found} == {"Bowl 1", "Bowl 3"}


def test_ids(run, products):
    chosen = [str(products[0].pk), str(products[3].pk)]

    run("ai_run", "describe_product", "--now", "--ids", *chosen)

    assert set(Job.objects.values_list("target_id", flat=True)) == set(chosen)


def test_rows_outside_the_filter_and_the_conditions_are_left_alone(run, products, settings):
    Product.objects.filter(title="Bowl 0").update(is_public=False)
    settings.SHOP_AI = {**settings.SHOP_AI, "CONDITIONS": {"describe_product": {"title__gt": "Bowl 2"}}}

    run("ai_run", "describe_product", "--now")

    assert Job.objects.count() == 2


def test_params_reach_the_skill(run, products):
    run("ai_run", "describe_product", "--now", "--limit", "1", "--params", '{"tone": "warm"}')

    assert Job.objects.get().params == {"tone": "warm"}


def test_a_dead_job_is_a_failure_with_its_reason(run, products, settings):
    lm = {"BACKEND": "shop_ai.lm.echo.EchoBackend", "OPTIONS": {"fail": {"Bowl 1": "RequestTooLarge"}}}
    settings.SHOP_AI = {**settings.SHOP_AI, "LM": lm}

    said = run("ai_run", "describe_product", "--now", "--json")

    assert said.code == 1
    assert said.error == "1 of 5 jobs failed; the admin's job list has each."
    reason = "The text is longer than the language model can read."
    assert json.loads(said.out)["failed"] == [{"reason": reason, "jobs": 1}]


def test_a_job_that_waits_for_another_try_is_said(run, products, settings):
    lm = {"BACKEND": "shop_ai.lm.echo.EchoBackend", "OPTIONS": {"fail": {"Bowl 1": "BackendError"}}}
    settings.SHOP_AI = {**settings.SHOP_AI, "LM": lm, "BACKOFF": 600.0}

    said = run("ai_run", "describe_product", "--now")

    assert said.code == 0
    assert "1 wait for another try" in said.out


def test_rows_that_wait_already_are_not_queued_twice(run, products, alive, monkeypatch):
    monkeypatch.setattr(ai_run, "watch", lambda *_: {})
    alive()
    run("ai_run", "describe_product")

    said = run("ai_run", "describe_product")

    assert Job.objects.count() == 5
    assert "5 of 5 rows were waiting already" in said.out


def test_now_does_and_counts_what_waited_already(run, products):
    jobs.enqueue("describe_product", products[0])

    said = run("ai_run", "describe_product", "--now", "--json", "--ids", str(products[0].pk))

    told = json.loads(said.out)
    assert (told["already_waiting"], told["states"]) == (1, {"succeeded": 1})


def test_what_was_declined_is_told_with_its_reason_and_the_drafts_with_their_place(run, products):
    products[0].attributes.all().delete()

    said = run("ai_run", "describe_product", "--now")

    assert "1 × Not enough facts to write from: attributes." in said.out
    assert "4 drafts wait for review" in said.out


def test_workers_with_older_settings_are_told(run, products, alive):
    alive(detail={"skills": ["another_skill"]})

    said = run("ai_run", "describe_product")

    assert said.code == 1
    assert "No worker knows describe_product" in said.error and "Restart" in said.error


def test_a_checkpoint_that_is_not_sound_is_told(run, products, settings):
    lm = {"BACKEND": "shop_ai.lm.echo.EchoBackend", "OPTIONS": {"fail_open": "The weights are damaged."}}
    settings.SHOP_AI = {**settings.SHOP_AI, "LM": lm}

    said = run("ai_run", "describe_product", "--now")

    assert (said.code, said.error) == (1, "The weights are damaged.")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["describe_produkt"], "Did you mean 'describe_product'?"),
        (["describe_product", "--where", "titel=x"], "Did you mean 'title'?"),
        (["describe_product", "--where", "title"], "write field=value"),
        (["describe_product", "--where", "price=much"], "must be a decimal number"),
        (["describe_product", "--where", "category__naem=x"], "has no such field"),
        (["describe_product", "--ids", "first"], "expected a number but got 'first'"),
        (["describe_product", "--ids", "0"], "loosen --where or --ids"),
        (["describe_product", "--limit", "0"], "--limit must be 1 or more"),
        (["describe_product", "--params", "{"], "--params is not JSON"),
        (["describe_product", "--params", "[]"], "must be a JSON object"),
        (["describe_product", "--params", '{"tone": "loud"}'], "tone: Input should be"),
        (["describe_product"], "celery -A demo_store worker -Q shop_ai.interactive,shop_ai.bulk"),
    ],
)
def test_a_mistake_is_told_with_the_next_step(run, products, arguments, sentence):
    said = run("ai_run", *arguments)

    assert said.code == 1
    assert sentence in said.error
    assert not Job.objects.exists()


def test_a_pause_is_told(run, products, alive):
    alive()
    Pause.objects.create(lane="bulk", reason="Stocktaking")

    said = run("ai_run", "describe_product")

    assert said.error == "Paused: Stocktaking. End the pause in the admin first."


def test_a_worker_of_the_other_lane_is_no_help(run, products, alive):
    alive(lanes=["interactive"])

    assert "No worker is alive" in run("ai_run", "describe_product").error


def test_sqlite_carries_one_worker(run, products, alive):
    alive()

    said = run("ai_run", "describe_product", "--now")

    assert ("leave out --now" in said.error) == (connection.vendor == "sqlite")


def test_ctrl_c_leaves_the_jobs_and_says_so(run, products, alive, monkeypatch):
    alive()
    monkeypatch.setattr(ai_run, "watch", _interrupt)

    said = run("ai_run", "describe_product")

    assert said.code == 130
    assert "5 jobs stay queued" in said.error
    assert Job.objects.filter(state="queued").count() == 5


def test_ctrl_c_of_now_gives_back_what_runs(run, products, monkeypatch):
    monkeypatch.setattr(Worker, "collect", _interrupt_when_running)

    said = run("ai_run", "describe_product", "--now")

    assert said.code == 130
    assert set(Job.objects.values_list("state", "charged")) == {("queued", 0)}


def test_the_last_worker_goes_while_we_wait(run, products, alive, monkeypatch):
    boot = alive()

    def leave(asked, *, now, before=ai_run.refuse_in_vain):
        before(asked, now=now)
        boot.delete() if boot.pk else None

    monkeypatch.setattr(ai_run, "refuse_in_vain", leave)

    said = run("ai_run", "describe_product")

    assert "No worker is alive" in said.error
    assert "5 jobs stay queued" in said.error


@pytest.mark.django_db(transaction=True)
def test_a_worker_does_the_work_while_we_watch(run, alive, monkeypatch):
    rows.products(3)
    boot = alive()
    thread = threading.Thread(target=_work_when_queued)
    thread.start()

    said = run("ai_run", "describe_product")

    thread.join()
    assert boot.pk
    assert "3 of 3 · 3 done" in said.out


def _interrupt(*args):
    raise KeyboardInterrupt


def _interrupt_when_running(worker):
    if worker.runs:
        raise KeyboardInterrupt


def _work_when_queued():
    worker = Worker(build_backend())
    try:
        while not Job.objects.exists():
            time.sleep(0.05)
        worker.work_off()
    finally:
        worker.backend.close()
        connection.close()


# -- following -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_stream_prints_sentences_as_they_come(run, carried):
    first, second = rows.product("Of oak. Holds 1.5 l"), rows.product("Of tin. 很好。")

    said = run("ai_run", "tell_text", "--now", "--stream")

    lines = said.out.splitlines()
    assert [line for line in lines if line.startswith(f"{first.pk}: ")] == [
        f"{first.pk}: Echo: Of oak.",
        f"{first.pk}: Holds 1.5 l.",
        f"{first.pk}: (done)",
    ]
    assert f"{second.pk}: Echo: Of tin." in lines
    assert lines[-1].startswith("2 done in ")


@pytest.mark.django_db(transaction=True)
def test_stream_beside_json_leaves_the_json_alone(run, carried):
    rows.product("Of oak.")

    said = run("ai_run", "tell_text", "--now", "--stream", "--json")

    assert json.loads(said.out)["states"] == {"succeeded": 1}
    assert "Echo: Of oak." in said.error


@pytest.mark.django_db(transaction=True)
def test_stream_says_when_the_stored_text_is_another(run, carried):
    row = rows.product("Of oak.")

    said = run("ai_run", "tell_otherwise", "--now", "--stream")

    assert f"{row.pk}: (done; the stored text is another)" in said.out.splitlines()


def test_stream_needs_a_skill_that_streams(run, products):
    said = run("ai_run", "describe_product", "--now", "--stream")

    assert (said.code, Job.objects.count()) == (1, 0)
    assert said.error == "describe_product does not stream; its class would say `streams = True`."
