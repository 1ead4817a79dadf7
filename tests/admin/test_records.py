"""Suggestions, workers and pauses."""

from __future__ import annotations

import pytest

from shop_ai.models import Lane, Pause, Suggestion, WorkerBoot
from shop_ai.models.clock import now
from shop_ai.models.job import database, uuid7

PAUSES = "/admin/shop_ai/pause/"
WORKERS = "/admin/shop_ai/workerboot/"


def test_suggestions_are_told_in_words_and_only_what_is_so(boss, draft):
    url = "/admin/shop_ai/suggestion/"
    before = boss.get(url).content.decode()
    Suggestion.objects.update(stale=True, stale_reason="The facts have changed since this was written.")
    after = boss.get(url).content.decode()
    detail = boss.get(f"{url}{draft.pk}/change/").content.decode()

    assert "Ready to review</td>" in before and "Ready to review · outdated</td>" in after
    assert "icon-no.svg" not in before + after + detail
    assert "<h2>Write description: Step stool</h2>" in detail and "The facts have changed" in detail
    assert ">English<" in before and boss.get(url, {"skill": "nothing"}).context["cl"].result_count == 0


def test_suggestions_are_a_history_to_read(boss, product, draft, click):
    click(product, f"apply:{draft.pk}")

    page = boss.get("/admin/shop_ai/suggestion/").content.decode()
    detail = boss.get(f"/admin/shop_ai/suggestion/{draft.pk}/change/").content.decode()

    assert "Applied" in page and "Step stool" in page
    assert "<ins>" in detail and "skill_version" in detail
    assert boss.post(f"/admin/shop_ai/suggestion/{draft.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_suggestion_of_a_model_that_is_no_longer_bound_can_be_read(boss, draft):
    Suggestion.objects.update(target_model="catalogue.maker")
    assert boss.get(f"/admin/shop_ai/suggestion/{draft.pk}/change/").status_code == 200
    Suggestion.objects.update(target_model="old.thing")
    assert boss.get(f"/admin/shop_ai/suggestion/{draft.pk}/change/").status_code == 200


def test_workers_are_shown_as_alive_or_not(boss):
    at = now(database())
    for host, state, seen_at in (
        ("one", "ready", at),
        ("two", "ready", at.replace(year=2020)),
        ("off", "stopped", at),
    ):
        WorkerBoot.objects.create(
            id=uuid7(), host=host, pid=1, state=state, lanes=["bulk"], detail={"checkpoint": "c1"},
            started_at=at, seen_at=seen_at,
        )  # fmt: skip

    html = boss.get(WORKERS).content.decode()
    stopped = boss.get(WORKERS, {"state": "stopped"}).content.decode()
    one = WorkerBoot.objects.get(host="one")

    assert '<td class="field-standing">Ready</td>' in html and "Ready · not seen any more" in html
    assert '<td class="field-works_on">Bulk</td>' in html
    assert "off:1" in stopped and "one:1" not in stopped
    assert "c1" in boss.get(f"/admin/shop_ai/workerboot/{one.pk}/change/").content.decode()


@pytest.fixture
def keeper(make_client):
    return make_client("shop_ai.pause")


def test_adding_a_pause_stops_and_the_button_resumes(keeper):
    keeper.post(f"{PAUSES}add/", {"skill": "describe_product", "lane": Lane.BULK, "reason": "Stocktaking"})
    pause = Pause.objects.get()
    page = keeper.get(PAUSES).content.decode()
    resumed = keeper.post(f"{PAUSES}{pause.pk}/resume/", follow=True).content.decode()

    assert f'formaction="{PAUSES}{pause.pk}/resume/">Resume' in page and "/delete/" not in page
    assert "Resumed: Write description / Bulk." in resumed
    assert (pause.skill, pause.lane, pause.by) == ("describe_product", "bulk", keeper.user)
    assert "Stocktaking" in page and "Write description" in page
    assert not Pause.objects.exists()


def test_several_pauses_are_resumed_from_the_list(keeper):
    pauses = [Pause.objects.create(reason="a"), Pause.objects.create(lane="bulk", reason="b")]
    data = {"action": "resume_pauses", "_selected_action": [one.pk for one in pauses]}

    html = keeper.get(PAUSES).content.decode()
    assert ">Everything</a>" in html and ">Bulk</a>" in html and "delete_selected" not in html
    keeper.post(PAUSES, data)

    assert not Pause.objects.exists()


def test_the_same_pause_twice_and_one_without_a_reason_are_refused(keeper):
    Pause.objects.create(reason="first")

    keeper.post(f"{PAUSES}add/", {"skill": "", "lane": "", "reason": "second"})
    keeper.post(f"{PAUSES}add/", {"skill": "", "lane": "bulk", "reason": ""})
    keeper.post(f"{PAUSES}add/", {"skill": "no_such_skill", "lane": "", "reason": "third"})

    assert Pause.objects.count() == 1


def test_a_pause_is_not_changed(keeper):
    pause = Pause.objects.create(reason="first")

    assert keeper.post(f"{PAUSES}{pause.pk}/change/", {"reason": "other"}).status_code == 403
    assert "first" in keeper.get(f"{PAUSES}{pause.pk}/change/").content.decode()


def test_without_the_permission_nobody_pauses(make_client):
    pause = Pause.objects.create(reason="first")
    client = make_client("shop_ai.view_pause", "shop_ai.generate", "shop_ai.bulk")

    assert client.get(PAUSES).status_code == 200
    assert client.post(f"{PAUSES}add/", {"lane": "bulk", "reason": "x"}).status_code == 403
    assert client.post(f"{PAUSES}{pause.pk}/resume/").status_code == 403
    assert client.get(f"{PAUSES}{pause.pk}/resume/").status_code == 405
    assert (
        "Resume"
        not in client.get(PAUSES).content.decode()
        + client.get(f"{PAUSES}{pause.pk}/change/").content.decode()
    )
    assert make_client().get(PAUSES).status_code == 403
    assert Pause.objects.count() == 1
