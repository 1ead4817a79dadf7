"""The examples of docs/api.md are sent as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from string import Template

import pytest
from django.conf import settings

from shop_ai.models import Job, Suggestion
from tests.api.store import product, suggestion, work

PAGE = Path(settings.BASE_DIR, "docs", "api.md")


def calls() -> list[list[str]]:
    """Every curl command of the page, in words."""
    blocks = "".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)).replace("\\\n", " ")
    return [shlex.split(line) for line in blocks.splitlines() if line.startswith("curl")]


def send(api, words: list[str], **known: object):
    url = next(word for word in words if word.startswith("$SHOP"))
    path = Template(url).substitute(known, SHOP="/ai/v1")
    headers = dict(words[at + 1].split(": ") for at, word in enumerate(words) if word == "-H")
    body = words[words.index("-d") + 1] if "-d" in words else ""
    method = "POST" if body or "-X" in words else "GET"
    kind = headers.pop("Content-Type", "application/octet-stream")
    return api.generic(method, path, body.encode(), content_type=kind, headers=headers)


@pytest.mark.django_db
def test_every_example_works(api):
    known: dict[str, object] = {"OTHER": suggestion(product(2)).pk}
    row = product(1)
    for words in calls():
        words = [re.sub(r"(?<=[\[:])1(?=\]|$)", str(row.pk), word) for word in words]
        if "$SUGGESTION" in " ".join(words) and "SUGGESTION" not in known:
            work()
            known["SUGGESTION"] = Suggestion.objects.get(target_id=row.pk).pk

        answer = send(api, words, **known)

        assert answer.status_code in (200, 201, 202), (words, answer.content)
        known.setdefault("JOB", Job.objects.get(target_id=row.pk, retry_of=None).pk)
    assert len(calls()) == 14


def test_examples_are_those_of_every_endpoint():
    from shop_ai.api.urls import urlpatterns

    text = PAGE.read_text()
    shown = {str(pattern.pattern).removeprefix("v1/").rpartition(">")[2] or "/" for pattern in urlpatterns}

    assert all(tail in text for tail in shown)
