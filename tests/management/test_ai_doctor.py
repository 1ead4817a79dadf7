"""ai_doctor: one test for each thing that may be wrong, and that it says what to do."""

from __future__ import annotations

import json
import threading

import pytest
from celery import current_app
from django.db import OperationalError, connection

from shop_ai import tasks
from shop_ai.management import doctor
from shop_ai.models import Pause, WorkerBoot
from tests.lm import disk

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(monkeypatch):
    """Whatever is asked of the workers is answered so: `heard.update(tokens=8)`."""
    answer = {}

    def hear(token):
        boot = WorkerBoot.objects.first()
        boot.detail = {**boot.detail, "probe": {**answer, "token": token}}
        boot.save()

    monkeypatch.setattr(tasks, "send_probe", hear)
    return answer


def findings(run, *arguments):
    """What is not well, by subject."""
    said = run("ai_doctor", "--json", *arguments)
    found = json.loads(said.out)
    assert found["ok"] == (said.code == 0)
    return {each["about"]: each for each in found["findings"] if each["level"] != "ok"}


def change(settings, **changes):
    settings.SHOP_AI = {**settings.SHOP_AI, **changes}


def test_all_is_well(run, alive, heard):
    alive()
    heard.update(tokens=8, milliseconds=5)

    said = run("ai_doctor")

    assert said.code == 0
    assert "FAIL" not in said.out
    assert "wrote 8 tokens in 5 ms" in said.out


def test_settings_with_a_mistake_end_it(run, settings):
    change(settings, LANGUAGE=["en"])

    found = findings(run)

    assert list(found) == ["settings"]
    assert "LANGUAGES" in found["settings"]["next"]


def test_a_database_that_does_not_answer(run, monkeypatch):
    def refuse(*args):
        raise OperationalError("connection refused")

    monkeypatch.setattr(doctor, "MigrationExecutor", refuse)

    found = findings(run)

    assert found["database"]["level"] == "fail"
    assert "connection refused" in found["database"]["text"]
    assert "worker" not in found


def test_migrations_that_are_not_applied(run, monkeypatch):
    monkeypatch.setattr(doctor.MigrationExecutor, "migration_plan", lambda *_: ["one"])

    assert findings(run)["database"]["next"] == "manage.py migrate"


def test_a_journal_that_makes_the_web_wait(run):
    if connection.vendor != "sqlite":
        pytest.skip("SQLite's own")
    found = list(doctor._journal())

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        (mode,) = cursor.fetchone()
    assert [finding.level for finding in found] == ([] if mode == "wal" else ["warn"])


def test_a_broker_that_is_away_is_told_without_its_password(run, alive, monkeypatch):
    alive()
    monkeypatch.setattr(current_app.conf, "broker_url", "redis://:hunter2@127.0.0.1:1/0")

    said = run("ai_doctor")

    assert said.code == 0
    assert "warn broker: redis://:**@127.0.0.1:1/0 cannot be reached" in said.out
    assert "No round trip without the broker" in said.out
    assert "hunter2" not in said.out + said.error


def test_a_checkpoint_that_is_not_installed(run, settings, tmp_path):
    change(settings, LM={"BACKEND": "shop_ai.lm.local.LocalBackend"}, CHECKPOINTS=str(tmp_path))

    found = findings(run)["checkpoint"]

    assert (found["level"], found["next"]) == ("fail", "manage.py ai_model install smollm2-135m")


def test_a_web_server_needs_no_checkpoint(run, settings, tmp_path, alive, heard):
    alive()
    heard.update(tokens=8, milliseconds=5)
    change(settings, LM={"BACKEND": "shop_ai.lm.local.LocalBackend"}, CHECKPOINTS=str(tmp_path))

    assert findings(run)["checkpoint"]["level"] == "warn"


def test_installed_adapters_and_which_fit(run, settings, tmp_path, monkeypatch):
    from shop_ai.skills import DescribeProduct

    monkeypatch.setattr(DescribeProduct, "adapter", "blue")
    folders = {"CHECKPOINTS": tmp_path / "checkpoints", "ADAPTERS": tmp_path / "adapters"}
    first, second = (disk.checkpoint(tmp_path / "checkpoints" / name, name) for name in ("first", "second"))
    disk.adapter(tmp_path / "adapters" / "red", first)
    disk.adapter(tmp_path / "adapters" / "blue", second)
    change(settings, LM={"BACKEND": "shop_ai.lm.local.LocalBackend", "CHECKPOINT": "first"}, **folders)

    found = json.loads(run("ai_doctor", "--json").out)["findings"]

    blue, red = (each for each in found if each["about"] == "adapter")
    assert (red["level"], red["text"]) == ("ok", "red fits first.")
    assert blue["level"] == "warn"
    assert blue["text"].startswith("The adapter blue was trained on second ")
    assert "shop_ai.W066" in next(each["text"] for each in found if each["about"] == "settings")


def test_no_worker(run):
    found = findings(run)["worker"]

    assert found["level"] == "fail"
    assert found["next"].startswith("celery -A demo_store worker -Q ")


def test_a_worker_that_refused(run, alive):
    alive(state="refused", detail={"error": "The weights are damaged."})

    assert "The weights are damaged." in findings(run)["worker"]["text"]


def test_a_lane_that_nobody_serves(run, alive, heard):
    alive(lanes=["interactive"])
    heard.update(tokens=8, milliseconds=5)

    assert findings(run)["worker"]["text"] == "No worker serves the lane bulk."


def test_a_pause(run, alive, heard):
    alive()
    heard.update(tokens=8, milliseconds=5)
    Pause.objects.create(skill="describe_product", reason="Stocktaking")

    assert findings(run)["jobs"]["text"] == "Write description is paused: Stocktaking"


def test_a_worker_that_does_not_hear(run, alive, monkeypatch):
    alive()
    monkeypatch.setattr(tasks, "send_probe", lambda token: None)
    monkeypatch.setattr(doctor, "ANSWER_WITHIN", 0.1)

    assert "CELERY_BROKER_URL" in findings(run)["round trip"]["next"]


def test_a_worker_whose_language_model_fails(run, alive, heard):
    alive()
    heard.update(error="out of memory")

    assert findings(run)["round trip"]["text"].endswith("failed: out of memory")


def test_now_loads_the_language_model_here(run, alive, heard):
    alive()
    heard.update(tokens=8, milliseconds=5)
    before = set(threading.enumerate())

    assert findings(run, "--now") == {}
    assert set(threading.enumerate()) <= before


def test_now_tells_why_it_does_not_run(run, settings):
    change(settings, LM={"BACKEND": "shop_ai.lm.echo.EchoBackend", "OPTIONS": {"fail_open": "No room."}})

    assert findings(run, "--now")["here"]["text"].endswith("No room.")


def test_workers_with_older_settings(run, alive, monkeypatch):
    monkeypatch.setattr(doctor, "ANSWER_WITHIN", 0.1)
    alive(detail={"backend": "EchoBackend", "skills": ["another_skill"]})

    found = findings(run)["worker"]

    assert "No worker knows the skill describe_product" in found["text"]
    assert found["next"] == "Restart the workers."


def test_a_project_without_a_celery_app(run, monkeypatch):
    monkeypatch.setattr(current_app, "main", "default")

    found = findings(run)

    assert "no Celery app" in found["broker"]["text"] and "celery.py" in found["broker"]["next"]
    assert "-A yourproject" in found["worker"]["next"]
