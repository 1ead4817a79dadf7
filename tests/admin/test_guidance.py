"""Guidance in the admin: versions, a warning to who comes second, and a trial that stores nothing."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from shop_ai.models import Guidance, Job, Suggestion
from shop_ai.models.guidance import keep
from shop_ai.models.job import REAL
from shop_ai.skills.guidance import Guidance as Content
from shop_ai.skills.guidance import Term
from tests.admin.test_actions import text

pytestmark = pytest.mark.django_db
ADD = reverse("admin:shop_ai_guidance_add")


def page(item):
    return reverse("admin:shop_ai_guidance_change", args=[item.pk])


def filled(**more):
    return {"seen": "0", "voice": "", "keywords": "", "glossary": "", "banned": "", **more}


def test_a_new_one_is_made_for_its_scope(boss):
    given = filled(
        voice="We speak to hikers.",
        tone="warm",
        keywords="day pack\n\n  hiking ",
        glossary="rucksack = backpack\nmiracle",
        banned="cheap",
        **{"scope-category": "Bags", "scope-language": "en", "_save": "1"},
    )

    response = boss.post(ADD, given, follow=True)

    item = Guidance.objects.get()
    assert (item.category, item.language, item.version) == ("Bags", "en", 1)
    assert item.by == boss.user
    assert item.parsed == Content(
        voice="We speak to hikers.",
        tone="warm",
        keywords=("day pack", "hiking"),
        glossary=(Term(never="rucksack", say="backpack"), Term(never="miracle")),
        banned=("cheap",),
    )
    assert "Version 1 holds from now on" in text(response)
    assert LogEntry.objects.filter(object_id=str(item.pk)).exists()


def test_the_form_shows_what_holds_and_a_save_keeps_the_old_version(boss):
    item = keep(("", ""), Content(voice="One.", glossary=(Term(never="a", say="b"),)), seen=0)

    shown = boss.get(page(item)).content.decode()
    boss.post(page(item), filled(seen="1", voice="Two.", glossary="a = b", _save="1"))

    assert "One." in shown and "a = b" in shown
    assert [one.content["voice"] for one in Guidance.objects.order_by("version")] == ["One.", "Two."]


def test_who_comes_second_is_warned_and_loses_nothing(boss, django_user_model):
    anna = django_user_model.objects.create(username="anna")
    item = keep(("", ""), Content(voice="One."), seen=0)
    newer = keep(("", ""), Content(voice="Anna's."), by=anna, seen=1)

    response = boss.post(page(item), filled(seen="1", voice="Mine.", _save="1"))

    shown = text(response)
    assert "anna saved another version" in shown and "Mine." in response.content.decode()
    assert Guidance.objects.count() == 2
    boss.post(page(item), filled(seen="1", over=str(newer.version), voice="Mine.", _save="1"))
    assert Guidance.newest().get().content == {"voice": "Mine."}


def test_a_new_one_for_a_scope_that_has_one_is_warned_too(boss):
    keep(("", ""), Content(voice="One."), seen=0)

    response = boss.post(ADD, filled(voice="Two.", _save="1", **{"scope-category": "", "scope-language": ""}))

    assert "Another version was saved" in text(response)
    assert Guidance.objects.count() == 1


def test_an_old_version_can_be_made_the_newest(boss):
    old = keep(("", ""), Content(voice="One."), seen=0)
    keep(("", ""), Content(voice="Two."), seen=1)

    response = boss.get(page(old))

    assert "This is version 1; version 2 holds" in text(response)
    assert response.context["form"]["seen"].value() == 2
    boss.post(page(old), filled(seen="2", voice="One.", _save="1"))
    assert Guidance.newest().get().content == {"voice": "One."}


def test_reset_is_a_version_that_says_nothing(boss):
    item = keep(("", ""), Content(voice="One."), seen=0)

    boss.post(page(item), filled(seen="1", voice="Whatever.", _reset="1"))

    assert Guidance.newest().get().says_nothing
    assert Guidance.objects.count() == 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"banned": "fine\n" + "x" * 61}, "Line 2: "),
        ({"glossary": "= backpack"}, "Line 1: "),
        ({"voice": "x" * 601}, "at most 600"),
        ({"tone": "loud"}, "valid choice"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_kept(boss, given, told):
    item = keep(("", ""), Content(voice="One."), seen=0)

    response = boss.post(page(item), filled(seen="1", _save="1", **given))

    assert told in text(response)
    assert Guidance.objects.count() == 1


# -- Trying it out ---------------------------------------------------------------------------------


def tried(client, item, **more):
    return client.post(page(item), filled(seen="1", voice="Say it <b>loud</b>.", _try="1", **more))


def test_a_trial_shows_the_exact_prompt_and_stores_nothing(boss, product):
    item = keep(("", ""), Content(voice="One."), seen=0)

    response = tried(boss, item, **{"try-product": str(product.pk)})

    shown = response.content.decode()
    assert "<mark>Say it &lt;b&gt;loud&lt;/b&gt;.</mark>" in shown
    assert f"<mark>{product.title}</mark>" in shown
    assert Guidance.objects.count() == 1
    job = Job.objects.get()
    assert job.preview == {"voice": "Say it <b>loud</b>."}
    assert reverse("admin:shop_ai_guidance_answer", args=[job.pk]) in shown
    assert not Suggestion.objects.exists()


def test_the_answer_is_told_when_it_is_there(boss, product, work):
    item = keep(("", ""), Content(), seen=0)
    tried(boss, item, **{"try-product": product.title})
    url = reverse("admin:shop_ai_guidance_answer", args=[Job.objects.get().pk])

    before = boss.get(url).json()
    work()
    after = boss.get(url).json()

    assert before["busy"] and not after["busy"]
    assert Job.objects.get(~REAL).output["description"] in after["html"]
    assert "shop-ai-answer" in boss.get(f"{url}?page=1").content.decode()
    assert not Suggestion.objects.exists()


def test_a_product_that_is_not_there_is_told(boss, product):
    item = keep(("", ""), Content(), seen=0)

    response = tried(boss, item, **{"try-product": "nothing like it"})

    assert "There is no such product." in text(response)
    assert not Job.objects.exists()


# -- Who may ---------------------------------------------------------------------------------------


def test_without_the_permission_it_is_read_only(make_client):
    item = keep(("", ""), Content(voice="One."), seen=0)
    client = make_client("shop_ai.view_guidance", "catalogue.change_product")

    assert client.get(page(item)).status_code == 200
    assert client.get(ADD).status_code == 403
    assert client.post(page(item), filled(seen="1", voice="Two.", _save="1")).status_code == 403
    assert Guidance.objects.count() == 1


def test_the_prompt_is_for_those_who_may_see_prompts(make_client, product):
    item = keep(("", ""), Content(), seen=0)
    client = make_client("shop_ai.manage_guidance", "catalogue.view_product")

    response = tried(client, item)

    assert "The exact prompt" not in text(response)
    assert Job.objects.count() == 1


def test_an_answer_is_for_who_asked(make_client, product, boss):
    item = keep(("", ""), Content(), seen=0)
    tried(boss, item)
    other = make_client("shop_ai.manage_guidance")

    assert other.get(reverse("admin:shop_ai_guidance_answer", args=[Job.objects.get().pk])).status_code == 404
