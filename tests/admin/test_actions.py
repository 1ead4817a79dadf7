"""The panel's buttons."""

from __future__ import annotations

import copy

import pytest
from django.contrib.admin.models import LogEntry

from demo_store.catalogue.models import Product
from shop_ai import jobs
from shop_ai.models import Job, Lane, State, Suggestion
from shop_ai.models.decisions import seen_now
from shop_ai.models.suggestion import Decision
from tests.admin.conftest import act_url, change_url

CHANGE = ("catalogue.view_product", "catalogue.change_product")
SEEN = "shop_ai-{0.pk}-seen"


def text(response):
    return response.content.decode()


def test_write_queues_one_job_with_the_chosen_options(boss, product, click):
    response = click(
        product,
        "write:describe_product",
        **{"shop_ai-describe_product-tone": "warm", "shop_ai-describe_product-candidates": "2"},
    )

    job = Job.objects.get()
    assert (job.params, job.owner_id) == ({"tone": "warm", "candidates": 2}, boss.user.pk)
    assert "Asked for." in text(response)
    assert response.redirect_chain[0][0] == f"{change_url(product)}#shop-ai-describe_product"


def test_the_outcome_is_told_where_the_page_opens(boss, product, click):
    url = change_url(product)
    done = text(click(product, "write:describe_product"))
    error = click(product, "write:describe_product", **{"shop_ai-describe_product-candidates": "9"})
    section, panel = done.index('id="shop-ai-describe_product"'), text(error).index('id="shop-ai-panel"')

    assert '<p class="shop-ai-told" role="status" data-level="success">Asked for.' in done[section:]
    assert error.redirect_chain[0][0] == f"{url}#shop-ai-panel"
    assert '<p class="shop-ai-told" role="alert" data-level="error">' in text(error)[panel:]
    assert "shop-ai-told" not in text(boss.get(url))


def test_the_last_options_are_remembered(boss, product, click):
    click(product, "write:describe_product", **{"shop_ai-describe_product-tone": "warm"})
    Job.objects.update(state=State.CANCELLED, queue_key=None)

    assert '<option value="warm" selected>' in text(boss.get(change_url(product)))


def test_a_second_click_does_not_queue_a_second_job(product, click):
    click(product, "write:describe_product")
    response = click(product, "write:describe_product")

    assert Job.objects.count() == 1
    assert "This is already being written." in text(response)


def test_a_click_with_every_option_as_it_stands_is_what_a_program_asks_for_without_any(product, click):
    jobs.enqueue("describe_product", product)
    shown = {"language": "", "tone": "", "length": "", "candidates": "1"}

    click(product, "write:describe_product", **{f"shop_ai-describe_product-{k}": shown[k] for k in shown})

    assert Job.objects.get().params == {}


def test_wrong_options_are_told_and_queue_nothing(product, click):
    response = click(product, "write:describe_product", **{"shop_ai-describe_product-candidates": "99"})

    assert not Job.objects.exists()
    assert "Candidates:" in text(response)


def test_apply_puts_the_text_on_the_row(product, draft, click):
    response = click(product, f"apply:{draft.pk}", **{SEEN.format(draft): seen_now(draft)})

    product.refresh_from_db()
    assert product.long_text == draft.after["description"]
    assert "Applied." in text(response)
    assert LogEntry.objects.filter(object_id=str(product.pk)).count() == 1


def test_apply_takes_the_person_s_wording(product, draft, click):
    name = f"shop_ai-{draft.pk}-text-0-description"

    click(product, f"apply:{draft.pk}", **{name: "First line.\r\nSecond line."})

    product.refresh_from_db()
    draft.refresh_from_db()
    assert product.long_text == "First line.\nSecond line."
    assert draft.edited


@pytest.mark.parametrize(("number", "wanted"), [("1", "The other one."), ("7", None), ("x", None)])
def test_apply_takes_the_chosen_candidate(product, draft, click, number, wanted):
    Suggestion.objects.update(candidates=[draft.after, {"description": "The other one."}])

    click(product, f"apply:{draft.pk}", **{f"shop_ai-{draft.pk}-version": number})

    product.refresh_from_db()
    assert product.long_text == (wanted or draft.after["description"])


def test_somebody_else_s_change_is_a_conflict_with_a_new_comparison(product, draft, click):
    seen = seen_now(draft)
    Product.objects.update(long_text="Somebody wrote this.")

    response = click(product, f"apply:{draft.pk}", **{SEEN.format(draft): seen})

    product.refresh_from_db()
    assert product.long_text == "Somebody wrote this."
    assert "compare again" in text(response)
    assert f'value="{seen_now(draft)}"' in text(response)


def test_what_was_compared_anew_can_be_applied(product, draft, click):
    Product.objects.update(long_text="Somebody wrote this.")

    click(product, f"apply:{draft.pk}", **{SEEN.format(draft): seen_now(draft)})

    product.refresh_from_db()
    assert product.long_text == draft.after["description"]


def test_apply_with_changed_facts_is_refused_and_apply_anyway_is_not(product, draft, click):
    product.attributes.update(value="steel")

    refused = click(product, f"apply:{draft.pk}")
    product.refresh_from_db()
    before = product.long_text
    click(product, f"apply-anyway:{draft.pk}")
    product.refresh_from_db()

    assert "accept it as it is" in text(refused)
    assert before == "A stool of beech wood."
    assert product.long_text == draft.after["description"]


def test_a_text_too_long_for_the_field_is_refused(product, draft, click, settings):
    roles = settings.SHOP_AI["ROLES"]
    fields = {**roles["product"]["FIELDS"], "description": "meta_title"}
    settings.SHOP_AI = {
        **settings.SHOP_AI,
        "ROLES": {**roles, "product": {**roles["product"], "FIELDS": fields}},
    }
    name = f"shop_ai-{draft.pk}-text-0-description"

    response = click(product, f"edit:{draft.pk}", **{name: "x" * 90})

    assert "takes 70" in text(response)


def test_save_edit_keeps_the_wording_and_applies_nothing(product, draft, click):
    click(product, f"edit:{draft.pk}", **{f"shop_ai-{draft.pk}-text-0-description": "My own words."})

    product.refresh_from_db()
    draft.refresh_from_db()
    assert product.long_text == "A stool of beech wood."
    assert (draft.after, draft.edited, draft.state) == (
        {"description": "My own words."},
        True,
        Decision.WAITING,
    )


def test_dismiss_leaves_the_row_alone(product, draft, click):
    click(product, f"dismiss:{draft.pk}")

    product.refresh_from_db()
    draft.refresh_from_db()
    assert (product.long_text, draft.state) == ("A stool of beech wood.", Decision.DISMISSED)


def test_regenerate_puts_it_aside_and_asks_again(product, draft, click):
    click(product, f"regenerate:{draft.pk}")

    draft.refresh_from_db()
    assert draft.state == Decision.DISMISSED
    assert Job.objects.filter(state=State.QUEUED, retry_of=draft.job).count() == 1


def test_revert_brings_the_text_from_before_back(product, draft, click):
    click(product, f"apply:{draft.pk}")
    click(product, f"revert:{draft.pk}")

    product.refresh_from_db()
    assert product.long_text == "A stool of beech wood."


def test_revert_of_what_is_not_applied_is_refused(product, draft, click):
    response = click(product, f"revert:{draft.pk}")

    assert "Somebody has decided on this text already" in text(response)


def test_a_decision_made_twice_is_told(product, draft, click):
    click(product, f"dismiss:{draft.pk}")
    response = click(product, f"apply:{draft.pk}")

    assert "Somebody has decided on this text already: Dismissed." in text(response)


def test_cancel_ends_a_queued_job(product, queued, click):
    response = click(product, f"cancel:{queued.pk}")
    again = click(product, f"cancel:{queued.pk}")

    queued.refresh_from_db()
    assert queued.state == State.CANCELLED
    assert "Cancelled." in text(response)
    assert "It had already ended." in text(again)


def test_cancel_of_a_running_job_takes_seconds(product, queued, click):
    from shop_ai.models.clock import now
    from shop_ai.models.job import database, uuid7

    held = {"lease_owner": uuid7(), "lease_expires_at": now(database()), "write_key": "k"}
    Job.objects.update(state=State.RUNNING, queue_key=None, **held)

    assert "It stops within seconds." in text(click(product, f"cancel:{queued.pk}"))


def test_retry_makes_a_new_job(make_product, click, work):
    bare = make_product(facts={})
    click(bare, "write:describe_product")
    work()
    old = Job.objects.get()

    click(bare, f"retry:{old.pk}")

    assert Job.objects.filter(retry_of=old, state=State.QUEUED).exists()


def test_who_retries_on_the_panel_waits_for_no_bulk_work(make_product, click, work):
    bare = make_product(facts={})
    click(bare, "write:describe_product")
    work()
    Job.objects.update(lane=Lane.BULK)
    old = Job.objects.get()

    click(bare, f"retry:{old.pk}")

    assert Job.objects.get(retry_of=old).lane == Lane.INTERACTIVE


def test_a_column_that_takes_no_text_is_told_and_not_an_error_of_the_server(product, draft, click, settings):
    made = copy.deepcopy(settings.SHOP_AI)
    made["ROLES"]["product"]["FIELDS"]["description"] = "price"
    settings.SHOP_AI = made

    response = click(product, f"apply:{draft.pk}", **{SEEN.format(draft): seen_now(draft)})

    assert response.status_code == 200
    assert "The store&#x27;s field price does not take this: " in text(response)


def test_a_get_on_the_buttons_address_is_refused(boss, product):
    assert boss.get(act_url(product)).status_code == 405


@pytest.mark.parametrize(
    "act", ["", "nonsense", "write:no_such_skill", "apply:not-a-uuid", "apply:0199-0", "retry:x", "write:"]
)
def test_unknown_buttons_are_not_found(boss, product, act):
    assert boss.post(act_url(product), {"shop_ai-act": act}).status_code == 404


def test_a_suggestion_of_another_row_is_not_found(boss, make_product, product, draft):
    other = make_product("Another")

    assert boss.post(act_url(other), {"shop_ai-act": f"apply:{draft.pk}"}).status_code == 404
    assert boss.post(act_url(other), {"shop_ai-act": f"cancel:{draft.job_id}"}).status_code == 404


def test_a_row_that_is_gone_is_not_found(boss):
    assert boss.post("/admin/catalogue/product/987654/shop-ai/", {"shop_ai-act": "x"}).status_code == 404


def test_without_a_csrf_token_nothing_happens(boss, product):
    boss.handler.enforce_csrf_checks = True

    assert boss.post(act_url(product), {"shop_ai-act": "write:describe_product"}).status_code == 403
    assert not Job.objects.exists()


def test_strangers_are_sent_to_log_in(client, product):
    response = client.post(act_url(product), {"shop_ai-act": "write:describe_product"})

    assert response.status_code == 302
    assert not Job.objects.exists()


MATRIX = {
    "write": ["shop_ai.generate"],
    "retry": ["shop_ai.generate"],
    "cancel": ["shop_ai.generate"],
    "regenerate": ["shop_ai.generate", "shop_ai.apply"],
    "apply": ["shop_ai.apply"],
    "apply-anyway": ["shop_ai.apply"],
    "edit": ["shop_ai.apply"],
    "dismiss": ["shop_ai.apply"],
    "revert": ["shop_ai.apply"],
}


@pytest.mark.parametrize("verb", MATRIX)
def test_each_button_needs_each_of_its_permissions(make_client, product, draft, verb):
    key = "describe_product" if verb == "write" else draft.pk
    ours = MATRIX[verb]
    all_ours = ("shop_ai.generate", "shop_ai.apply", "shop_ai.bulk", "shop_ai.view_job")
    short = [(*CHANGE, *(one for one in all_ours if one != left_out)) for left_out in ours]

    for permissions in (*short, ("catalogue.view_product", *all_ours), all_ours):
        response = make_client(*permissions).post(act_url(product), {"shop_ai-act": f"{verb}:{key}"})
        assert response.status_code == 403, permissions
    product.refresh_from_db()
    assert product.long_text == "A stool of beech wood."
    assert Job.objects.count() == 1


@pytest.mark.parametrize("verb", ["write", "apply", "dismiss"])
def test_with_its_permissions_a_button_works(make_client, product, draft, verb):
    client = make_client(*CHANGE, *MATRIX[verb])
    key = "describe_product" if verb == "write" else draft.pk

    assert client.post(act_url(product), {"shop_ai-act": f"{verb}:{key}"}).status_code == 302
    draft.refresh_from_db()
    expected = {"write": Decision.WAITING, "apply": Decision.APPLIED, "dismiss": Decision.DISMISSED}
    assert draft.state == expected[verb]


def test_buttons_of_a_model_that_is_no_longer_bound_are_not_found(boss, product, settings):
    roles = {name: role for name, role in settings.SHOP_AI["ROLES"].items() if name == "article"}
    settings.SHOP_AI = {**settings.SHOP_AI, "ROLES": roles}

    assert boss.post(act_url(product), {"shop_ai-act": "write:describe_product"}).status_code == 404
    assert "shop-ai-panel" not in text(boss.get(change_url(product)))
