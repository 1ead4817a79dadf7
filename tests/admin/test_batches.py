"""The page of a batch."""

from __future__ import annotations

import re

import pytest

from demo_store.catalogue.models import Product
from shop_ai import jobs
from shop_ai.models import Batch, Job, Lane, State, Suggestion
from shop_ai.models.decisions import seen_now
from shop_ai.models.suggestion import Decision

CHANGE = ("catalogue.view_product", "catalogue.change_product")


@pytest.fixture
def goods(make_product):
    return [make_product(f"Thing {number}") for number in range(3)]


@pytest.fixture
def batch(boss, goods):
    made = Batch.objects.create(
        skill="describe_product", by=boss.user, chosen=4, skipped={"text": 1, "odd": 2}
    )
    jobs.enqueue("describe_product", Product.objects.all(), by=boss.user, lane=Lane.BULK, batch=made)
    return made


@pytest.fixture
def done(batch, work):
    work()
    return batch


def url(batch, part="change"):
    return f"/admin/shop_ai/batch/{batch.pk}/{part}/"


def page(client, batch, **query):
    return client.get(url(batch), query).content.decode()


def decide(client, batch, act, suggestions, *, follow=True, **more):
    seen = {f"shop_ai-{one.pk}-seen": seen_now(one) for one in suggestions}
    data = {"shop_ai-act": act, "shop_ai-pick": [one.pk for one in suggestions], **seen, **more}
    return client.post(url(batch, "act"), data, follow=follow)


def test_a_running_batch_shows_its_progress_and_a_way_to_cancel(boss, batch):
    html = page(boss, batch)

    assert "0 of 3 done" in html
    assert '<progress class="shop-ai-progress" max="3" value="0"' in html
    assert "data-shop-ai-poll" in html and "<noscript>" in html
    assert 'value="cancel"' in html
    assert "4 products were chosen" in html and "1 × already have a text" in html and "2 × odd" in html
    assert "The pace is not known yet" in html
    assert "Still to come (3)" in html


def test_a_batch_of_a_skill_that_is_gone_counts_entries(boss, batch):
    Batch.objects.update(skill="gone_skill", chosen=1)

    assert "1 entry was chosen" in page(boss, batch)


def test_the_progress_is_told_as_json(boss, batch, work):
    before = boss.get(url(batch, "progress")).json()
    work()
    after = boss.get(url(batch, "progress")).json()

    assert (before["busy"], after["busy"]) == (True, False)
    assert before["version"] != after["version"]
    assert after["text"] == "3 of 3 done"
    assert "Show the texts" in after["html"]


def test_a_finished_batch_lists_its_texts_with_what_they_change(boss, done, goods):
    html = page(boss, done)

    assert "Ready to review (3)" in html
    assert html.count('name="shop_ai-pick"') == 3
    assert f'href="/admin/catalogue/product/{goods[0].pk}/change/"' in html
    assert "<ins>" in html
    assert "data-shop-ai-poll" not in html and 'value="cancel"' not in html


def test_declined_rows_say_what_is_missing(boss, make_product, work):
    made = Batch.objects.create(skill="describe_product", by=boss.user, chosen=1)
    jobs.enqueue("describe_product", make_product("Bare", facts={}), by=boss.user, batch=made)
    work()

    html = page(boss, made)

    assert "Without a text (1)" in html
    assert "Bare" in html and "Not enough facts to write from." in html and "attributes" in html


def test_the_results_are_paged(boss, done, monkeypatch):
    from shop_ai.admin import batches

    monkeypatch.setattr(batches, "PER_PAGE", 2)

    assert "Page 1 of 2" in page(boss, done)
    assert page(boss, done, page="2").count('name="shop_ai-pick"') == 1
    assert "Page 2 of 2" in page(boss, done, page="99")


def test_an_unknown_tab_is_the_first_with_something_in_it(boss, done):
    assert 'aria-current="page">Ready to review' in page(boss, done, show="nonsense")


def test_the_ticked_texts_are_applied(boss, done, goods):
    first, second, _third = Suggestion.objects.order_by("pk")

    response = decide(boss, done, "apply", [first, second])

    assert "2 texts applied." in response.content.decode()
    states = sorted(Suggestion.objects.values_list("state", flat=True))
    assert states == [Decision.APPLIED, Decision.APPLIED, Decision.WAITING]
    assert Product.objects.exclude(long_text="").count() == 2
    assert "Decided (2)" in page(boss, done, show="decided")


def test_one_that_is_refused_does_not_hold_up_the_others(boss, done, goods):
    first = Suggestion.objects.get(target_id=str(goods[0].pk))
    second = Suggestion.objects.get(target_id=str(goods[1].pk))
    seen = {f"shop_ai-{first.pk}-seen": seen_now(first)}
    Product.objects.filter(pk=first.target_id).update(long_text="Somebody wrote this.")

    response = decide(boss, done, "apply", [first, second], **seen)

    html = response.content.decode()
    assert "1 text applied." in html
    assert "Thing 0: The text was changed by somebody" in html


def test_the_ticked_texts_are_dismissed(boss, done):
    decide(boss, done, "dismiss", list(Suggestion.objects.all()))

    assert set(Suggestion.objects.values_list("state", flat=True)) == {Decision.DISMISSED}
    assert not Product.objects.exclude(long_text="").exists()


def test_with_nothing_ticked_the_page_says_so(boss, done):
    assert "Tick the texts first." in decide(boss, done, "apply", []).content.decode()


def test_cancel_ends_what_has_not_begun(boss, batch):
    response = boss.post(url(batch, "act"), {"shop_ai-act": "cancel"}, follow=True)

    assert "3 jobs cancelled." in response.content.decode()
    assert set(Job.objects.values_list("state", flat=True)) == {State.CANCELLED}


def test_a_row_that_is_gone_keeps_its_line_and_cannot_be_applied(boss, done, goods):
    gone = Suggestion.objects.get(target_id=str(goods[0].pk))
    seen = seen_now(gone)
    goods[0].delete()

    assert page(boss, done).count('name="shop_ai-pick"') == 2
    data = {"shop_ai-act": "apply", "shop_ai-pick": [gone.pk], f"shop_ai-{gone.pk}-seen": seen}
    assert boss.post(url(done, "act"), data).status_code == 403


@pytest.mark.parametrize(("part", "method"), [("act", "get"), ("progress", "post"), ("change", "post")])
def test_addresses_answer_to_their_own_method_only(boss, batch, part, method):
    assert getattr(boss, method)(url(batch, part)).status_code == 405


def test_unknown_buttons_texts_and_batches_are_not_found(boss, batch, done):
    assert boss.post(url(batch, "act"), {"shop_ai-act": "nonsense"}).status_code == 404
    assert boss.post(url(batch, "act"), {"shop_ai-act": "apply", "shop_ai-pick": ["x"]}).status_code == 404
    assert boss.get("/admin/shop_ai/batch/nonsense/change/").status_code == 404


def test_texts_of_another_batch_are_not_touched(boss, done):
    other = Batch.objects.create(skill="describe_product", by=boss.user)

    decide(boss, other, "apply", list(Suggestion.objects.all()))

    assert set(Suggestion.objects.values_list("state", flat=True)) == {Decision.WAITING}


def test_a_batch_is_seen_by_who_asked_for_it_and_by_who_may_see_all(make_client, batch):
    owner, seer = make_client("shop_ai.bulk"), make_client("shop_ai.view_batch")
    stranger, nobody = make_client("shop_ai.bulk", *CHANGE), make_client(*CHANGE)
    Batch.objects.update(by=owner.user)

    codes = [client.get(url(batch)).status_code for client in (owner, seer, stranger, nobody)]

    assert codes[:2] == [200, 200]
    assert set(codes[2:]) <= {403, 404}
    assert "Write description" in owner.get("/admin/shop_ai/batch/").content.decode()


def test_only_who_asked_for_it_cancels_a_batch(make_client, batch):
    seer = make_client("shop_ai.view_batch")

    assert 'value="cancel"' not in page(seer, batch)
    assert seer.post(url(batch, "act"), {"shop_ai-act": "cancel"}).status_code == 403


def test_applying_needs_our_permission_and_the_store_s(make_client, done):
    found = list(Suggestion.objects.all())
    for permissions in (["shop_ai.apply"], CHANGE, ["catalogue.view_product", "shop_ai.apply"]):
        client = make_client("shop_ai.view_batch", *permissions)
        assert 'name="shop_ai-pick"' not in page(client, done)
        assert decide(client, done, "apply", found).status_code == 403
    assert not Product.objects.exclude(long_text="").exists()


def test_who_may_not_see_the_products_reads_none_of_their_texts(make_client, done, goods):
    html = page(make_client("shop_ai.view_batch"), done)

    assert "Thing 0" not in html
    assert "shop-ai-diff" not in html


def test_the_list_of_batches_shows_how_far_each_is(boss, done):
    html = boss.get("/admin/shop_ai/batch/").content.decode()

    assert "3 / 3" in html and "data-shop-ai-poll" not in html


def test_the_list_is_refreshed_while_a_batch_runs(boss, batch, work):
    html = boss.get("/admin/shop_ai/batch/").content.decode()
    where = re.search(r'data-shop-ai-version="(.+?)" data-shop-ai-poll="(.+?)"', html)
    before = boss.get(where[2]).json()
    work()
    after = boss.get(where[2]).json()

    assert where[1] == before["version"] != after["version"]
    assert (before["busy"], after["busy"]) == (True, False)
    assert "3 / 3" in after["html"] and "data-shop-ai-poll" not in after["html"]


def test_the_page_takes_a_bounded_number_of_queries(boss, done, django_assert_max_num_queries):
    with django_assert_max_num_queries(30):
        page(boss, done)


def test_a_batch_of_one_s_own_is_hidden_without_the_permission_for_bulk(make_client, batch):
    client = make_client(*CHANGE)
    Batch.objects.update(by=client.user)

    assert client.get(url(batch)).status_code == 403


def test_when_all_ticked_are_refused_nothing_is_said_to_be_applied(boss, done):
    found = list(Suggestion.objects.all())
    Product.objects.update(long_text="Somebody wrote this.")
    old = {f"shop_ai-{one.pk}-seen": "0" * 64 for one in found}

    html = decide(boss, done, "apply", found, **old).content.decode()

    assert "compare again" in html
    assert "applied." not in html
