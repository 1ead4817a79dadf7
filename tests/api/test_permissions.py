"""Every endpoint by every kind of caller; an endpoint without a row here fails."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User

from shop_ai import jobs
from shop_ai.api.urls import urlpatterns
from shop_ai.models import Job
from tests.api.store import ALL, JOBS, ROW, SUGGESTIONS, client, person, suggestion, work

pytestmark = pytest.mark.django_db

CALLERS = ("anonymous", "customer", "staff", "generator", "blind", "editor", "superuser")
"""`blind` has every permission of ours and none on the store's products."""
MATRIX = {
    ("GET", "job-list"): (403, 403, 403, 200, 200, 200, 200),
    ("POST", "job-list"): (403, 403, 403, 202, 403, 202, 202),
    ("GET", "job-detail"): (403, 403, 403, 200, 404, 200, 200),
    ("GET", "job-events"): (403, 403, 403, 200, 404, 200, 200),
    ("POST", "job-cancel"): (403, 403, 403, 200, 404, 200, 200),
    ("POST", "job-retry"): (403, 403, 403, 201, 404, 201, 201),
    ("GET", "suggestion-list"): (403, 403, 403, 200, 200, 200, 200),
    ("GET", "suggestion-detail"): (403, 403, 403, 200, 404, 200, 200),
    ("POST", "suggestion-apply"): (403, 403, 403, 403, 404, 200, 200),
    ("POST", "suggestion-edit"): (403, 403, 403, 403, 404, 200, 200),
    ("POST", "suggestion-dismiss"): (403, 403, 403, 403, 404, 200, 200),
    ("POST", "suggestion-revert"): (403, 403, 403, 403, 404, 200, 200),
    ("GET", "skill-list"): (403, 403, 403, 200, 200, 200, 200),
    ("GET", "skill-detail"): (403, 403, 403, 200, 200, 200, 200),
    ("GET", "schema"): (403, 200, 200, 200, 200, 200, 200),
}


def endpoints() -> set[tuple[str, str]]:
    found = set()
    for pattern in urlpatterns:
        methods = getattr(pattern.callback, "actions", None) or ["get"]
        found |= {(method.upper(), pattern.name) for method in methods if method != "head"}
    return found


def caller(name: str) -> User | None:
    if name == "anonymous":
        return None
    if name == "superuser":
        return User.objects.create_superuser("root")
    codes = {"generator": ("shop_ai.generate", *ROW), "blind": ALL, "editor": (*ALL, *ROW)}.get(name, ())
    return person(name, *codes, staff=name != "customer")


def request(name: str, row):
    """Path and body of a call that is right in everything but perhaps who makes it."""
    if name == "job-list":
        return JOBS, {"skill": "describe_product", "ids": [row.pk]}
    if name in ("job-detail", "job-events", "job-cancel"):
        jobs.enqueue("describe_product", row)
        tail = {"job-events": "events/", "job-cancel": "cancel/"}.get(name, "")
        return f"{JOBS}{Job.objects.get().pk}/{tail}", {}
    if name.startswith("skill"):
        return f"/ai/v1/skills/{'describe_product/' if name == 'skill-detail' else ''}", {}
    if name == "schema":
        return "/ai/v1/schema/", {}
    if name == "suggestion-list":
        return SUGGESTIONS, {}
    text = suggestion(row)
    if name == "job-retry":
        return f"{JOBS}{text.job_id}/retry/", {}
    if name == "suggestion-revert":
        jobs.apply(text, by=None)
    verb = name.removeprefix("suggestion-")
    body = {"values": {"description": "A kettle of steel."}} if verb == "edit" else {}
    return f"{SUGGESTIONS}{text.pk}/{'' if verb == 'detail' else verb + '/'}", body


def test_matrix_has_every_endpoint():
    assert set(MATRIX) == endpoints()


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize(("method", "name"), MATRIX)
def test_matrix(method, name, who, row):
    path, body = request(name, row)
    user = caller(who)

    sent = {"data": body, "format": "json"} if method == "POST" else {}
    answer = getattr(client(user), method.lower())(path, **sent)

    assert answer.status_code == MATRIX[method, name][CALLERS.index(who)], answer.content


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_other_methods_do_not_exist(method, api):
    assert getattr(api, method)(JOBS, {}, format="json").status_code == 405
    assert getattr(client(), method)(JOBS, {}, format="json").status_code == 403


@pytest.mark.parametrize("tail", ["", "events/", "events/?after=1.1", "cancel/", "retry/"])
def test_foreign_job_looks_like_none(tail, row):
    text, other = suggestion(row), client(person("blind", *ALL))
    send = other.post if tail in ("cancel/", "retry/") else other.get

    foreign = send(f"{JOBS}{text.job_id}/{tail}")
    nothing = send(f"{JOBS}{uuid.uuid4()}/{tail}")

    assert foreign.status_code == nothing.status_code == 404
    assert foreign.content == nothing.content
    assert foreign.headers == nothing.headers


@pytest.mark.parametrize("verb", ["", "apply/", "edit/", "dismiss/", "revert/"])
def test_foreign_suggestion_looks_like_none(verb, row):
    text, other = suggestion(row), client(person("blind", *ALL))
    send = other.post if verb else other.get
    body = {"values": {"description": "x"}} if verb == "edit/" else {}
    sent = {"data": body, "format": "json"} if verb else {}

    foreign = send(f"{SUGGESTIONS}{text.pk}/{verb}", **sent)
    nothing = send(f"{SUGGESTIONS}{uuid.uuid4()}/{verb}", **sent)

    assert foreign.status_code == nothing.status_code == 404
    assert foreign.content == nothing.content


def test_lists_hold_nothing_foreign(row):
    suggestion(row)
    other = client(person("blind", *ALL))

    assert other.get(JOBS).json()["results"] == []
    assert other.get(SUGGESTIONS).json()["results"] == []


def test_who_may_only_view_the_product_may_read_and_not_change(row):
    text = suggestion(row)
    viewer = client(person("viewer", *ALL, "catalogue.view_product"))

    assert viewer.get(f"{SUGGESTIONS}{text.pk}/").status_code == 200
    assert viewer.post(f"{SUGGESTIONS}{text.pk}/apply/").status_code == 403
    assert viewer.post(JOBS, {"skill": "describe_product", "ids": [row.pk]}, format="json").status_code == 403


def test_closed_whatever_the_project_opens(settings, row):
    settings.REST_FRAMEWORK = {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"]}

    assert client().get(JOBS).status_code == 403


def test_bulk_needs_its_permission(row):
    generator = client(person("generator", "shop_ai.generate", *ROW))
    body = {"skill": "describe_product", "ids": [row.pk], "lane": "bulk"}

    assert generator.post(JOBS, body, format="json").status_code == 403
    assert not Job.objects.exists()


def test_prompts_need_their_permission(row):
    text = suggestion(row)
    path = f"{SUGGESTIONS}{text.pk}/"

    few = client(person("few", "shop_ai.apply", *ROW)).get(path).json()
    all_of_it = client(person("all", "shop_ai.apply", "shop_ai.see_prompts", *ROW)).get(path).json()

    assert few["raw"] is None and "extra" not in few["provenance"]
    assert all_of_it["raw"] == text.raw and all_of_it["provenance"] == text.provenance


def test_deleted_row_is_shown_to_who_asked(row, editor):
    text = suggestion(row, by=editor)
    row.delete()
    work()

    mine = client(editor).get(f"{SUGGESTIONS}{text.pk}/")
    others = client(person("other", *ALL, *ROW)).get(f"{SUGGESTIONS}{text.pk}/")

    assert mine.status_code == 200 and mine.json()["seen"] is None
    assert others.status_code == 404
    assert client(editor).post(f"{SUGGESTIONS}{text.pk}/apply/").json()["code"] == "refused"
    assert client(editor).post(f"{SUGGESTIONS}{text.pk}/dismiss/").status_code == 200
