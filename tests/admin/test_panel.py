"""The panel on the store's own form."""

from __future__ import annotations

import copy

import pytest
from django.contrib import admin
from django.urls import reverse

from demo_store.catalogue.models import Product
from shop_ai.models import Job, Lane, Pause, State, Suggestion, WorkerBoot
from shop_ai.models.clock import now
from shop_ai.models.job import database, uuid7
from tests.admin.conftest import change_url

WAITS = "Waiting for a worker …"


def page(client, product, **query):
    return client.get(change_url(product), query).content.decode()


def state(client, product, skill="describe_product"):
    return client.get(f"/admin/catalogue/product/{product.pk}/shop-ai/{skill}/")


def test_the_form_shows_options_and_the_button(boss, product):
    html = page(boss, product)

    assert "AI texts" in html
    assert 'value="write:describe_product"' in html
    for name in ("language", "tone", "length", "candidates"):
        assert f'name="shop_ai-describe_product-{name}"' in html
        assert f'<label for="id_shop_ai-describe_product-{name}"' in html


def test_numbers_for_the_browser_have_no_thousand_separators(boss, product, draft, settings):
    settings.USE_THOUSAND_SEPARATOR = True
    settings.SHOP_AI["ROLES"]["product"]["FIELDS"]["description"] = "long_text"
    Product._meta.get_field("long_text").max_length, before = 2000, None
    try:
        html = page(boss, product)
    finally:
        Product._meta.get_field("long_text").max_length = before

    assert 'maxlength="2000"' in html
    assert "at most 2,000 characters" in html


def test_enter_in_a_field_presses_save_and_none_of_our_buttons(boss, product):
    html = page(boss, product)
    html = html[html.index('id="product_form"') :]
    first = html.index('<button type="submit"')

    assert html[first:].startswith('<button type="submit" name="_save"')


def test_saving_the_form_with_the_panel_in_it_saves_the_product(boss, product):
    fields = {"title": "New name", "sku": product.sku, "maker": product.maker_id, "price": "1"}
    fields |= {"category": product.category_id, "language": "en", "stock": "1", "_save": "1"}
    inline = {f"attributes-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}

    response = boss.post(change_url(product), fields | inline)

    assert response.status_code == 302
    product.refresh_from_db()
    assert product.title == "New name"


def test_a_form_with_errors_still_shows_the_panel(boss, product):
    inline = {f"attributes-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}

    response = boss.post(change_url(product), {"title": "", **inline})

    assert response.status_code == 200
    assert 'value="write:describe_product"' in response.content.decode()


def test_the_add_page_and_popups_have_no_panel(boss, product):
    assert "shop-ai-panel" not in boss.get("/admin/catalogue/product/add/").content.decode()
    assert "shop-ai-panel" not in page(boss, product, _popup=1)


def test_other_admins_are_left_alone(boss, shelf):
    html = boss.get(f"/admin/catalogue/category/{shelf[0].pk}/change/").content.decode()

    assert "shop-ai" not in html


def test_a_queued_job_is_shown_with_a_way_to_cancel(boss, product, queued):
    html = page(boss, product)

    assert "Waiting for a worker" in html
    assert f'value="cancel:{queued.pk}"' in html
    assert "data-shop-ai-poll" in html
    assert "<noscript>" in html
    assert 'value="write:describe_product"' not in html


def test_the_state_is_told_as_json_while_it_runs_and_when_it_is_done(boss, product, queued, work):
    before = state(boss, product).json()
    work()
    after = state(boss, product).json()

    assert (before["busy"], after["busy"]) == (True, False)
    assert before["version"] != after["version"]
    assert after["text"] == "Write description: Ready to review"
    assert 'value="apply:' in after["html"]
    assert "data-shop-ai-poll" not in after["html"]


def test_a_draft_is_shown_against_the_text_there_is(boss, product, draft):
    html = page(boss, product)

    assert "Ready to review" in html
    assert '<span class="shop-ai-hidden">removed: </span>' in html
    assert 'data-ai-generated="true"' in html
    for act in ("apply", "edit", "dismiss", "regenerate"):
        assert f'value="{act}:{draft.pk}"' in html
    assert f'name="shop_ai-{draft.pk}-seen"' in html


def test_candidates_are_offered_side_by_side(boss, product, draft):
    Suggestion.objects.update(candidates=[draft.after, {"description": "Another text."}, {"other": 1}])

    html = page(boss, product)

    assert html.count('type="radio"') == 2
    assert "Version 2" in html
    assert "Another text." in html


def test_the_facts_that_a_text_does_not_state_are_named_below_it(boss, product, draft, click):
    told = "Left out of this text:"
    whole = page(boss, product)
    half = {"description": "The Step stool has a height of 42 cm."}
    Suggestion.objects.update(after=half, candidates=[half])
    left = page(boss, product)
    click(product, f"edit:{draft.pk}", **{f"shop_ai-{draft.pk}-text-0-description": "Made by a person."})
    Suggestion.objects.update(candidates=[])
    edited = page(boss, product)

    assert f"{told} Brand, Material, Care" in left
    assert told not in whole
    assert told not in edited


def test_a_text_whose_options_are_no_longer_known_is_shown_all_the_same(boss, product, draft):
    Job.objects.update(params={"gone": 1})

    assert "AI draft" in page(boss, product)


def test_each_version_says_who_wrote_it(boss, product, draft, click):
    text = f"shop_ai-{draft.pk}-text-0-description"
    before = page(boss, product)
    click(product, f"edit:{draft.pk}", **{text: "A stool to climb on."})
    after = page(boss, product)

    assert "edited by a person" not in before
    first, second = (
        after.index("· edited by a person</span>"),
        after.index("· written by the language model<"),
    )
    assert after.index("Version 1") < first < after.index("Version 2") < second


def test_a_text_of_one_line_is_edited_in_one_line(boss, product, draft, settings):
    text = f'id="id_shop_ai-{draft.pk}-text-0-description"'
    before = page(boss, product)
    settings.SHOP_AI = copy.deepcopy(settings.SHOP_AI)
    settings.SHOP_AI["ROLES"]["product"]["FIELDS"]["description"] = "meta_title"
    after = page(boss, product)

    assert f"<textarea {text}" in before and f'<input type="text" {text}' not in before
    assert f'<input type="text" {text}' in after and f"<textarea {text}" not in after


def test_a_draft_whose_facts_changed_can_only_be_applied_anyway(boss, product, draft):
    product.attributes.update(value="steel")

    html = page(boss, product)

    assert "The facts have changed since this was written." in html
    assert f'value="apply-anyway:{draft.pk}"' in html
    assert f'value="apply:{draft.pk}"' not in html
    assert "outdated" in html


def test_a_text_that_somebody_changed_is_said_to_have_changed(boss, product, draft):
    Product.objects.update(long_text="Somebody wrote this.")

    html = page(boss, product)

    assert "The text was changed by somebody after this was asked for." in html
    assert "Somebody wrote this." in html


def test_a_stale_mark_of_the_sweep_is_shown_with_its_reason(boss, product, draft):
    Suggestion.objects.update(stale=True, stale_reason="The facts have changed since this was written.")

    assert "apply-anyway" in page(boss, product)


def test_a_declined_job_says_what_is_missing(boss, make_product, click, work):
    bare = make_product(facts={})
    click(bare, "write:describe_product")
    work()

    html = page(boss, bare)

    assert "Declined: Not enough facts to write from." in html
    assert "Missing:" in html and "attributes" in html
    assert f'value="retry:{Job.objects.get().pk}"' in html


def test_a_newer_attempt_without_a_text_is_told_above_the_older_draft(boss, product, draft, click, work):
    product.attributes.all().delete()
    click(product, f"write:{draft.skill}")
    work()

    html = page(boss, product)

    assert "Newest attempt:</strong> Declined: Not enough facts to write from. Missing: attributes" in html
    assert html.index("Newest attempt:") < html.index("Draft from before:") < html.index("AI draft")


def test_a_text_of_a_person_is_not_called_nothing(boss, product):
    assert "No draft yet" in page(boss, product) and "Nothing written" not in page(boss, product)


def test_a_failed_job_says_why(boss, product, queued):
    Job.objects.update(state=State.DEAD, queue_key=None, error_public="The result could not be stored.")

    assert "Failed: The result could not be stored." in page(boss, product)


def test_a_job_that_is_being_cancelled_says_so(boss, product, queued):
    Job.objects.update(cancel_requested_at=now(database()))

    html = page(boss, product)

    assert "Being cancelled" in html
    assert 'value="cancel:' not in html


def test_a_running_job_says_so(boss, product, queued):
    held = {"lease_owner": uuid7(), "lease_expires_at": now(database()), "write_key": "k"}
    Job.objects.update(state=State.RUNNING, queue_key=None, **held)

    assert state(boss, product).json()["text"] == "Write description: Running …"


def test_an_applied_text_can_be_reverted_and_tells_where_it_comes_from(boss, product, draft, click):
    click(product, f"apply:{draft.pk}", **{f"shop_ai-{draft.pk}-seen": draft.job.target_fp})

    html = page(boss, product)

    assert f'value="revert:{draft.pk}"' in html
    assert "Where this comes from" in html
    assert draft.provenance["skill_version"] in html
    assert str(boss.user) in html


def test_an_applied_text_that_was_edited_since_cannot_be_reverted(boss, product, draft, click):
    click(product, f"apply:{draft.pk}")
    Product.objects.update(long_text="Somebody wrote this.")

    html = page(boss, product)

    assert "Somebody has edited the text since it was applied" in html
    assert "revert:" not in html


def test_a_field_without_a_way_back_says_so(boss, product, draft, click, settings):
    click(product, f"apply:{draft.pk}")
    roles = settings.SHOP_AI["ROLES"]
    way = {"READ": "long_text", "WRITE": "demo_store.ai.facts"}
    fields = {**roles["product"]["FIELDS"], "description": way}
    settings.SHOP_AI = {
        **settings.SHOP_AI,
        "ROLES": {**roles, "product": {**roles["product"], "FIELDS": fields}},
    }

    assert "The store has no way to undo this field." in page(boss, product)


def test_the_panel_says_that_no_worker_is_alive(boss, product):
    assert "celery -A demo_store worker -Q shop_ai.interactive,shop_ai.bulk" in page(boss, product)


def test_the_panel_says_that_the_worker_is_loading(boss, product):
    at = now(database())
    WorkerBoot.objects.create(id=uuid7(), host="h", pid=1, state="loading", started_at=at, seen_at=at)

    assert "loading the language model" in page(boss, product)


def test_with_a_ready_worker_there_is_no_notice(boss, product):
    at = now(database())
    WorkerBoot.objects.create(id=uuid7(), host="h", pid=1, state="ready", started_at=at, seen_at=at)

    assert "shop-ai-notice" not in page(boss, product)


@pytest.mark.parametrize(
    ("skill", "lane", "said"),
    [
        ("", "", "Paused (everything): Stocktaking"),
        ("describe_product", "", "Paused (Write description): Stocktaking"),
        ("describe_product", Lane.BULK, "Paused (Write description / Bulk): Stocktaking"),
        ("gone_skill", "", None),
    ],
)
def test_pauses_are_shown_where_they_matter(boss, product, skill, lane, said):
    Pause.objects.create(skill=skill, lane=lane, reason="Stocktaking")

    html = page(boss, product)

    assert (said in html) if said else ("Paused" not in html)


@pytest.mark.parametrize(
    ("skill", "lane", "held"),
    [("describe_product", "", True), ("", Lane.INTERACTIVE, True), ("", Lane.BULK, False)],
)
def test_a_job_that_a_pause_holds_back_says_so(boss, product, queued, skill, lane, held):
    Pause.objects.create(skill=skill, lane=lane, reason="Stocktaking")

    told = state(boss, product).json()["text"]
    Pause.objects.all().delete()
    resumed = state(boss, product).json()["text"]

    assert told == f"Write description: {'Paused: this is written once somebody resumes' if held else WAITS}"
    assert resumed == f"Write description: {WAITS}"


def test_a_pause_says_by_whom(boss, product):
    Pause.objects.create(reason="Stocktaking", by=boss.user)

    assert f"Stocktaking – by {boss.user}" in page(boss, product)


def test_reading_without_change_permission_shows_no_panel(make_client, product):
    client = make_client("catalogue.view_product", "shop_ai.generate", "shop_ai.apply")

    html = page(client, product)

    assert product.title in html
    assert "shop-ai-panel" not in html
    assert state(client, product).status_code == 403


def test_changing_without_our_permissions_shows_no_panel(make_client, product):
    client = make_client("catalogue.view_product", "catalogue.change_product")

    assert "shop-ai-panel" not in page(client, product)


def test_who_may_only_write_sees_no_apply(make_client, product, draft):
    client = make_client("catalogue.view_product", "catalogue.change_product", "shop_ai.generate")

    html = page(client, product)

    assert "write:describe_product" in html
    assert f"apply:{draft.pk}" not in html
    assert '<textarea id="id_shop_ai' not in html


def test_who_may_only_apply_sees_no_write(make_client, product, draft):
    client = make_client("catalogue.view_product", "catalogue.change_product", "shop_ai.apply")

    html = page(client, product)

    assert f"apply:{draft.pk}" in html
    assert "write:describe_product" not in html
    assert "regenerate:" not in html


def test_the_state_is_read_only_and_only_of_known_skills(boss, product):
    url = reverse("admin:catalogue_product_shop_ai_section", args=[product.pk, "describe_product"])

    assert boss.post(url).status_code == 405
    assert state(boss, product, "no_such_skill").status_code == 404
    assert boss.get("/admin/catalogue/product/999999/shop-ai/describe_product/").status_code == 404


def test_the_panel_takes_a_constant_number_of_queries(boss, make_product, django_assert_max_num_queries):
    product = make_product(facts={f"Fact {number}": str(number) for number in range(40)})

    with django_assert_max_num_queries(40):
        page(boss, product)


def test_the_admin_of_the_product_is_extended_and_not_replaced():
    found = admin.site._registry[Product]

    assert type(found).__name__ == "AIProductAdmin"
    assert found.list_per_page == 50
