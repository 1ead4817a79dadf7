"""A request that is sent again is answered again, not done again."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from shop_ai.api import idempotency
from shop_ai.models import IdempotencyKey, Job
from tests.api.store import ALL, JOBS, ROW, client, person, product


def ask(api, key, *ids, **changes):
    body = {"skill": "describe_product", "ids": ids, **changes}
    return api.post(JOBS, body, format="json", headers={"Idempotency-Key": key})


@pytest.mark.django_db
class TestOneAfterTheOther:
    def test_same_again_gets_the_same_answer(self, api, row):
        first, second = ask(api, "a", row.pk), ask(api, "a", row.pk)

        assert first.status_code == second.status_code == 202
        assert first.json() == second.json()
        assert "Idempotency-Replayed" not in first and second["Idempotency-Replayed"] == "true"
        assert Job.objects.count() == 1

    def test_answer_is_the_first_one_even_when_the_job_has_gone_on(self, api, row):
        first = ask(api, "a", row.pk)
        Job.objects.update(state="cancelled", queue_key=None)

        assert ask(api, "a", row.pk).json() == first.json()
        assert Job.objects.count() == 1

    def test_other_body_is_refused(self, api, row):
        ask(api, "a", row.pk)

        answer = ask(api, "a", row.pk, params={"tone": "warm"})

        assert answer.status_code == 422 and answer.json()["code"] == "key_reused"
        assert Job.objects.count() == 1

    def test_first_still_at_work(self, api, editor, row):
        ask(api, "a", row.pk)
        IdempotencyKey.objects.update(status=0, response=None)

        answer = ask(api, "a", row.pk)

        assert answer.status_code == 409 and answer.json()["code"] == "in_progress"

    def test_keys_belong_to_people(self, api, row):
        ask(api, "a", row.pk)
        other = client(person("other", *ALL, *ROW))

        answer = ask(other, "a", row.pk)

        assert "Idempotency-Replayed" not in answer and answer.json()["coalesced"] == 1

    def test_refused_request_leaves_its_key_free(self, api, row):
        assert ask(api, "a", row.pk, params={"tone": "rude"}).status_code == 400

        assert ask(api, "a", row.pk).status_code == 202

    def test_crash_leaves_neither_key_nor_job(self, api, row, monkeypatch):
        def crash(*args, **kwargs):
            raise RuntimeError("power")

        monkeypatch.setattr(idempotency.json, "loads", crash)
        api.raise_request_exception = False

        ask(api, "a", row.pk)

        assert not IdempotencyKey.objects.exists() and not Job.objects.exists()

    @pytest.mark.parametrize("key", ["", "x" * 129, "schlüssel", "a\tb"])
    def test_keys_that_are_none(self, api, row, key):
        assert ask(api, key, row.pk).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_time_are_one():
    row, editor = product(), person("editor", *ALL, *ROW)
    callers, start = [client(editor) for _ in range(4)], threading.Barrier(4)
    answers = []

    def send(api):
        start.wait()
        answers.append(ask(api, "a", row.pk))
        connections.close_all()

    threads = [threading.Thread(target=send, args=[api]) for api in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status_code for answer in answers] == [202] * 4
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert sum("Idempotency-Replayed" in answer for answer in answers) == 3
    assert Job.objects.count() == 1
