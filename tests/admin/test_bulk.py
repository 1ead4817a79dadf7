"""The action on the list."""

from __future__ import annotations

import gc
import tracemalloc

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from demo_store.catalogue.models import Product
from shop_ai.models import Attempt, Batch, Job, Lane, State, Suggestion
from shop_ai.models.clock import now
from shop_ai.models.job import database, uuid7

LIST = "/admin/catalogue/product/"
CHANGE = ("catalogue.view_product", "catalogue.change_product")
OURS = ("shop_ai.generate", "shop_ai.bulk")


def chosen(client, products, *, url=LIST, **fields):
    """Posts the action with these rows ticked."""
    data = {
        "action": "shop_ai_describe_product",
        "_selected_action": [one.pk for one in products],
        "index": "0",
    }
    return client.post(url, {**data, "select_across": "0", **fields})


def confirmed(client, products, *, url=LIST, **fields):
    """The same from the confirm page."""
    fields = {"shop_ai-step": "start", "shop_ai-keep": "1", **fields}
    data = {
        "action": "shop_ai_describe_product",
        "_selected_action": [one.pk for one in products],
        "index": "",
    }
    return client.post(
        url, {**data, "select_across": "0", **{k: v for k, v in fields.items() if v is not None}}
    )


@pytest.fixture
def goods(make_product):
    return [make_product(f"Thing {number}") for number in range(3)]


def test_the_confirm_page_says_how_many_and_asks_for_nothing_yet(boss, goods):
    response = chosen(boss, goods)
    html = response.content.decode()

    assert "3 texts will be asked for." in html and "3 products are chosen." in html
    assert not Job.objects.exists()
    assert 'name="shop_ai-keep" value="1" checked' in html
    assert "not known yet" in html
    assert html.count('name="_selected_action"') == 3


def test_each_row_left_out_is_counted_with_its_reason(boss, make_product, click):
    rows = [
        make_product("Free"),
        make_product("Has a text", long_text="Text."),
        make_product("Hidden", is_public=False),
        waiting := make_product("Waiting"),
        drafted := make_product("Drafted"),
    ]
    click(waiting, "write:describe_product")
    click(drafted, "write:describe_product")
    job = Job.objects.get(target_id=drafted.pk)
    Job.objects.filter(pk=job.pk).update(state=State.SUCCEEDED, queue_key=None)
    Suggestion.objects.create(
        job=job,
        skill=job.skill,
        target_model=job.target_model,
        target_id=job.target_id,
        after={"description": "D"},
    )

    html = chosen(boss, rows).content.decode()

    assert "1 text will be asked for." in html and "5 products are chosen." in html
    for reason in (
        "1 × outside of what the AI may work on",
        "1 × already being written",
        "1 × a draft waits for review",
        "1 × already have a text",
    ):
        assert reason in html


def test_without_keep_rows_with_a_text_are_written_anew(boss, make_product):
    product = make_product(long_text="Text.")

    html = chosen(boss, [product], **{"shop_ai-step": "count"}).content.decode()

    assert "1 text will be asked for." in html
    assert 'name="shop_ai-keep" value="1" checked' not in html


def test_rows_that_do_not_meet_the_skill_s_condition_are_left_out(boss, goods, settings):
    settings.SHOP_AI = {**settings.SHOP_AI, "CONDITIONS": {"describe_product": {"title": "Thing 1"}}}

    html = chosen(boss, goods).content.decode()

    assert "2 × not meeting the condition" in html


def test_start_makes_a_batch_of_bulk_jobs_and_goes_to_its_page(boss, goods):
    response = confirmed(boss, goods, **{"shop_ai-describe_product-tone": "warm"})

    batch = Batch.objects.get()
    assert response.url == f"/admin/shop_ai/batch/{batch.pk}/change/"
    assert (batch.chosen, batch.by, batch.params) == (3, boss.user, {"tone": "warm"})
    assert set(Job.objects.values_list("lane", "batch", "owner")) == {(Lane.BULK, batch.pk, boss.user.pk)}
    assert Job.objects.count() == 3


def test_the_batch_remembers_what_was_left_out(boss, goods, make_product):
    confirmed(boss, [*goods, make_product(long_text="Text.")])

    assert Batch.objects.get().skipped == {"text": 1}


def test_starting_with_wrong_options_shows_the_page_again(boss, goods):
    response = confirmed(boss, goods, **{"shop_ai-describe_product-candidates": "50"})

    assert response.status_code == 200
    assert "shop-ai-error" in response.content.decode()
    assert not Job.objects.exists()


def test_starting_with_nothing_left_asks_for_nothing(boss, make_product):
    response = confirmed(boss, [make_product(long_text="Text.")])

    assert "disabled" in response.content.decode()
    assert not Batch.objects.exists()


def test_a_refusal_of_the_door_is_told(boss, goods, monkeypatch):
    from shop_ai import jobs
    from shop_ai.exceptions import Refused

    def refuse(*args, **kwargs):
        raise Refused("This job is not finished yet.")

    monkeypatch.setattr(jobs, "enqueue", refuse)

    response = confirmed(boss, goods)

    assert "This job is not finished yet." in response.content.decode()
    assert not Batch.objects.exists()


def test_select_across_follows_the_filters_and_names_no_rows(boss, goods, make_product):
    make_product("Other")

    page = chosen(boss, goods[:1], url=f"{LIST}?q=Thing", select_across="1").content.decode()
    confirmed(boss, goods[:1], url=f"{LIST}?q=Thing", select_across="1")

    assert "3 products are chosen." in page
    assert page.count('name="_selected_action"') == 1
    assert 'name="select_across" value="1"' in page
    assert Job.objects.count() == 3


def test_the_time_is_estimated_from_what_was_written_before(boss, goods, product, click):
    from datetime import timedelta

    click(product, "write:describe_product")
    job, start = Job.objects.get(), now(database())
    for number in range(4):
        begin = start + timedelta(seconds=30 * number)
        end = begin + timedelta(seconds=30)
        Attempt.objects.create(
            job=job, number=number, worker=uuid7(), started_at=begin, finished_at=end, outcome="succeeded"
        )

    html = chosen(boss, goods).content.decode()

    assert "Takes about 2 minutes at 2 a minute." in html
    assert "1 job waits before it." in html


@pytest.mark.parametrize(
    "permissions", [CHANGE, (*CHANGE, "shop_ai.bulk"), (*CHANGE, "shop_ai.generate"), (CHANGE[0], *OURS)]
)
def test_without_its_permissions_the_action_is_neither_offered_nor_run(make_client, goods, permissions):
    client = make_client(*permissions)

    assert "shop_ai_describe_product" not in client.get(LIST).content.decode().replace(
        "shop_ai_describe_product=", ""
    )
    confirmed(client, goods)
    assert not Job.objects.exists()


def test_with_its_permissions_it_runs(make_client, goods):
    assert confirmed(make_client(*CHANGE, *OURS), goods).status_code == 302
    assert Job.objects.count() == 3


def test_run_asks_for_the_permission_itself(make_client, goods, rf):
    from django.core.exceptions import PermissionDenied

    from shop_ai.admin import bulk
    from shop_ai.skills import skill

    request = rf.post(LIST)
    request.user = make_client(*CHANGE).user

    with pytest.raises(PermissionDenied):
        bulk.run(admin.site._registry[Product], request, Product.objects.all(), skill("describe_product"))


@pytest.fixture
def guarded(monkeypatch):
    """A store that decides row by row who may change a product."""
    kind = type(admin.site._registry[Product])

    def may(self, request, obj=None):
        return obj is None or obj.title != "Thing 1"

    monkeypatch.setattr(kind, "has_change_permission", may, raising=False)


def test_rows_this_person_may_not_change_are_left_out(boss, goods, guarded):
    html = chosen(boss, goods).content.decode()
    confirmed(boss, goods)

    assert "1 × you may not change them" in html
    assert sorted(Job.objects.values_list("target_id", flat=True)) == sorted(str(goods[n].pk) for n in (0, 2))


@pytest.fixture
def many(shelf):
    def make(number):
        category, maker = shelf
        Product.objects.bulk_create(
            Product(title=f"P{n}", sku=f"B{n}", category=category, maker=maker, price="1")
            for n in range(number)
        )
        return list(Product.objects.order_by("pk")[:1])

    return make


def statements(client, first):
    with CaptureQueriesContext(
        connection,
    ) as found:
        response = confirmed(client, first, url=f"{LIST}?q=P", select_across="1")
    assert response.status_code == 302
    return [query["sql"] for query in found.captured_queries]


def test_three_thousand_rows_are_queued_in_few_statements(boss, many):
    first = many(3000)

    found = statements(boss, first)

    assert Job.objects.count() == 3000
    ours = [sql for sql in found if '"shop_ai_job"' in sql]
    # SQLite takes 999 values to a statement, so that it needs more of them than PostgreSQL.
    assert len([sql for sql in ours if sql.startswith("SELECT")]) <= 25
    assert len(found) <= (30 if connection.vendor == "postgresql" else 200)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the promise is made for PostgreSQL")
def test_ten_thousand_rows_are_queued_in_at_most_forty_statements(boss, many):
    first = many(10_000)

    found = statements(boss, first)

    assert Job.objects.count() == 10_000
    assert len(found) <= 40, "\n".join(sql[:100] for sql in found)


def test_memory_does_not_grow_with_the_rows(boss, many):
    first = many(500)
    statements(boss, first)  # what is loaded once is loaded now

    peaks = []
    for extra in (1000, 3000):
        Product.objects.filter(sku__startswith="B").delete()
        first = many(extra)
        gc.collect()
        tracemalloc.start()
        confirmed(boss, first, url=f"{LIST}?q=P", select_across="1")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] <= 1.15 * peaks[0]


def test_rows_that_another_batch_takes_meanwhile_are_counted_as_waiting(boss, goods, rf):
    from shop_ai import jobs
    from shop_ai.admin import bulk
    from shop_ai.admin.forms import options_form
    from shop_ai.admin.selection import Chooser
    from shop_ai.roles import bindings
    from shop_ai.skills import skill

    request, asked = rf.post(LIST), skill("describe_product")
    request.user = boss.user
    chooser = Chooser(
        request=request,
        model_admin=admin.site._registry[Product],
        binding=bindings()["product"],
        asked=asked,
    )
    selection = chooser.select(Product.objects.all(), keep=True)
    selection.rows = Product.objects.all()  # as they were a moment before the other batch came
    jobs.enqueue("describe_product", goods[0])
    form = options_form(asked, data={})
    assert form.is_valid()

    batch = bulk.start(chooser, selection, form)

    batch.refresh_from_db()
    assert (batch.coalesced, batch.jobs.count()) == (1, 2)


def test_a_field_that_is_no_column_cannot_be_counted_as_written(boss, make_product, settings):
    roles = settings.SHOP_AI["ROLES"]
    way = {"READ": "long_text", "WRITE": "demo_store.ai.facts"}
    fields = {**roles["product"]["FIELDS"], "description": way}
    settings.SHOP_AI = {
        **settings.SHOP_AI,
        "ROLES": {**roles, "product": {**roles["product"], "FIELDS": fields}},
    }

    html = chosen(boss, [make_product(long_text="Text.")]).content.decode()

    assert "1 text will be asked for." in html
