"""Commands run here, on products of the demo store and the echo backend."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models.functions import Now

from shop_ai.models import WorkerBoot
from shop_ai.models.clock import later
from tests import shop as rows


@dataclass
class Said:
    out: str
    error: str
    code: int


@pytest.fixture
def run():
    """`run("ai_run", …)` gives what the command said, and its exit code."""

    def called(*arguments, **options):
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command(*arguments, stdout=out, stderr=err, **options)
        except CommandError as error:
            return Said(out.getvalue(), str(error), error.returncode)
        except SystemExit as end:
            return Said(out.getvalue(), err.getvalue(), end.code)
        return Said(out.getvalue(), err.getvalue(), 0)

    return called


@pytest.fixture
def products(db):
    return rows.products(5)


@pytest.fixture
def alive(db):
    """`alive(state=…)` is a worker that was seen just now."""

    def made(**fields):
        given = {"state": "ready", "lanes": ["interactive", "bulk"], "detail": {"backend": "EchoBackend"}}
        return WorkerBoot.objects.create(
            id=uuid.uuid4(), host="here", pid=1, started_at=Now(), seen_at=later(60), **{**given, **fields}
        )

    return made
