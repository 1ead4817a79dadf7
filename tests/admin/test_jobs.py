"""The list of jobs."""

from __future__ import annotations

import pytest

from shop_ai import jobs as door
from shop_ai.admin import words
from shop_ai.models import Attempt, Batch, Job, Lane, State, WorkerBoot

LIST = "/admin/shop_ai/job/"
CHANGE = ("catalogue.view_product", "catalogue.change_product")


def url(job, part="change"):
    return f"{LIST}{job.pk}/{part}/"


@pytest.fixture
def declined(make_product, click, work):
    click(make_product("Bare", facts={}), "write:describe_product")
    work()
    return Job.objects.get()


def test_the_list_tells_states_and_reasons_in_words(boss, declined):
    html = boss.get(LIST).content.decode()

    assert "–\N{NO-BREAK SPACE}Declined" in html
    assert "Not enough facts to write from. Missing: attributes" in html
    assert "Write description" in html and "Bare" in html


def test_the_list_reads_the_rows_of_a_page_in_one_query(boss, make_product, click, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    click(make_product("One"), "write:describe_product")
    boss.get(LIST)
    with CaptureQueriesContext(connection) as few:
        boss.get(LIST)
        before = len(few)
    for number in range(10):
        click(make_product(f"More {number}"), "write:describe_product")
    boss.get(LIST)
    with django_assert_num_queries(before):
        boss.get(LIST)


@pytest.mark.parametrize(
    ("query", "number"),
    [("state=declined", 1), ("state=dead", 0), ("skill=describe_product", 1), ("lane=bulk", 0), ("q=zzz", 0)],
)
def test_the_list_can_be_narrowed(boss, declined, query, number):
    assert boss.get(f"{LIST}?{query}").context["cl"].result_count == number


def test_a_job_is_found_by_the_number_of_its_row(boss, declined):
    assert boss.get(f"{LIST}?q={declined.target_id}").context["cl"].result_count == 1


def test_nobody_adds_changes_or_deletes_jobs(boss, declined):
    assert boss.get(f"{LIST}add/").status_code == 403
    assert boss.post(url(declined), {"state": "queued"}).status_code == 403
    assert boss.post(url(declined, "delete"), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in boss.get(LIST).content.decode()


def test_the_detail_shows_the_answer_the_attempts_and_the_suggestion(boss, draft):
    html = boss.get(url(draft.job)).content.decode()

    assert "shop-ai-pre" in html and "description" in html
    assert f"/admin/shop_ai/suggestion/{draft.pk}/change/" in html
    assert '<td class="field-ended">' in html and "succeeded" not in html


def test_the_log_of_attempts_names_the_worker_and_tells_seconds(boss, draft):
    attempt = Attempt.objects.get()
    Attempt.objects.update(milliseconds=12345)
    unknown = boss.get(url(draft.job)).content.decode()
    at = attempt.started_at
    WorkerBoot.objects.create(id=attempt.worker, host="till", pid=7, state="ready", started_at=at, seen_at=at)
    known = boss.get(url(draft.job)).content.decode()

    assert "12.3 s" in known and "12345" not in known
    assert "till, process 7" in known and str(attempt.worker) not in known
    assert str(attempt.worker) in unknown


def test_a_job_is_told_in_words(boss, product, click):
    options = {"tone": "warm", "candidates": 2, "language": "en"}
    click(
        product, "write:describe_product", **{f"shop_ai-describe_product-{k}": v for k, v in options.items()}
    )

    html = boss.get(url(Job.objects.get())).content.decode()

    assert "Tone: Warm" in html and "Language: English" in html
    assert "<h2>Write description: Step stool</h2>" in html
    assert "Interactive" in html


def test_words_fit_options_and_outcomes_of_any_kind():
    assert words.option_labels({"in_bold": True, "language": "xx"}) == "In bold: yes, Language: xx"
    assert [words.outcome_label(name) for name in ("succeeded", "lost", "", "odd")] == [
        "Done",
        "Worker lost",
        "",
        "odd",
    ]


def test_the_detail_leads_to_the_batch_and_to_the_job_before(boss, product, declined):
    Job.objects.update(batch=Batch.objects.create(skill="describe_product", chosen=1))
    retry = door.retry(Job.objects.get())

    html = boss.get(url(retry)).content.decode()

    assert f'/admin/shop_ai/batch/{retry.batch_id}/change/">Write description × 1' in html
    assert url(declined) in html


def test_prompts_are_shown_only_to_those_who_may_see_them(make_client, draft):
    seer = make_client("shop_ai.view_job", "shop_ai.see_prompts")
    other = make_client("shop_ai.view_job", "shop_ai.generate")

    assert "[system]" in seer.get(url(draft.job)).content.decode()
    assert "[system]" not in other.get(url(draft.job)).content.decode()


def test_a_prompt_that_cannot_be_rendered_says_why(boss, declined, product):
    assert "Not enough facts" in boss.get(url(declined)).content.decode()


def test_a_job_of_a_row_that_is_gone_can_still_be_read(boss, product, queued):
    Job.objects.filter(pk=queued.pk).update(skill="gone_skill")
    product.delete()

    html = boss.get(url(queued)).content.decode()

    assert "gone_skill" in html
    assert "no longer there" in html
    assert boss.get(LIST).status_code == 200


def test_a_job_of_a_model_that_is_gone_can_still_be_read(boss, queued):
    Job.objects.update(target_model="old.thing")

    assert boss.get(url(queued)).status_code == 200
    assert "old.thing" in boss.get(LIST).content.decode()


def test_the_buttons_cancel_and_retry(boss, queued):
    boss.post(url(queued, "act"), {"shop_ai-act": "cancel"})
    html = boss.get(url(queued)).content.decode()
    response = boss.post(url(queued, "act"), {"shop_ai-act": "retry"}, follow=True)

    assert "✕\N{NO-BREAK SPACE}Cancelled" in html and 'value="retry"' in html
    assert "1 job changed." in response.content.decode()
    assert Job.objects.filter(retry_of=queued, state=State.QUEUED).exists()


def test_the_actions_cancel_and_retry_what_is_ticked(boss, queued):
    data = {"_selected_action": [queued.pk], "index": "0"}

    boss.post(LIST, {"action": "cancel_jobs", **data})
    boss.post(LIST, {"action": "retry_jobs", **data})

    assert Job.objects.filter(retry_of=queued, state=State.QUEUED).exists()


def test_a_few_retried_from_the_list_keep_their_lane_and_many_are_bulk_work(boss, make_product, monkeypatch):
    monkeypatch.setattr(door, "FEW", 2)
    rows = [make_product(f"Pan {number}") for number in range(5)]
    door.enqueue("describe_product", rows)
    door.cancel(Job.objects.all())
    keys = list(Job.objects.values_list("pk", flat=True))

    for ticked in (keys[:2], keys[2:]):
        boss.post(LIST, {"action": "retry_jobs", "_selected_action": ticked, "index": "0"})

    lanes = dict(Job.objects.exclude(retry_of=None).values_list("retry_of", "lane"))
    assert [lanes[key] for key in keys] == [*[Lane.INTERACTIVE] * 2, *[Lane.BULK] * 3]


def test_what_cannot_be_retried_is_told(boss, queued):
    response = boss.post(
        LIST, {"action": "retry_jobs", "_selected_action": [queued.pk], "index": "0"}, follow=True
    )

    assert "This job is not finished yet." in response.content.decode()


def test_moves_need_our_permission_and_the_store_s(make_client, queued):
    for permissions in (CHANGE, ["shop_ai.generate"], ["shop_ai.generate", "catalogue.view_product"]):
        client = make_client("shop_ai.view_job", *permissions)
        assert client.post(url(queued, "act"), {"shop_ai-act": "cancel"}).status_code == 403
        assert 'value="cancel"' not in client.get(url(queued)).content.decode()
        client.post(LIST, {"action": "cancel_jobs", "_selected_action": [queued.pk], "index": "0"})
    queued.refresh_from_db()
    assert queued.state == State.QUEUED


def test_a_job_of_a_row_that_is_gone_is_cancelled_with_our_permission_alone(make_client, product, queued):
    product.delete()
    client = make_client("shop_ai.view_job", "shop_ai.generate")

    assert client.post(url(queued, "act"), {"shop_ai-act": "cancel"}).status_code == 302


def test_jobs_cannot_be_seen_without_permission(make_client, queued):
    client = make_client(*CHANGE, "shop_ai.generate")

    assert client.get(LIST).status_code == 403
    assert client.get(url(queued)).status_code == 403
    assert client.post(url(queued, "act"), {"shop_ai-act": "cancel"}).status_code == 403


def test_addresses_answer_to_post_and_known_words_only(boss, queued):
    assert boss.get(url(queued, "act")).status_code == 405
    assert boss.post(url(queued, "act"), {"shop_ai-act": "nonsense"}).status_code == 404


def test_a_job_that_does_not_exist_is_not_found(boss, db):
    from shop_ai.models.job import uuid7

    assert boss.post(f"{LIST}{uuid7()}/act/", {"shop_ai-act": "cancel"}).status_code == 404
