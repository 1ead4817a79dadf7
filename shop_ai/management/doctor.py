"""What `ai_doctor` looks at, in the order in which one thing needs the one before."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from django.core import checks
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from shop_ai import tasks
from shop_ai.conf import config
from shop_ai.exceptions import AdapterError, ShopAIError
from shop_ai.lm import adapters, checkpoints
from shop_ai.lm.base import Backend, Generate, says
from shop_ai.management import hardware
from shop_ai.models import Job, Lane, Pause, State, WorkerBoot
from shop_ai.models.job import database
from shop_ai.skills import skills
from shop_ai.worker import build_backend

ANSWER_WITHIN = 30.0
"""Seconds to wait for a worker's answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    about: str
    level: Literal["ok", "warn", "fail"]
    text: str
    next: str = ""
    """What to do about it."""


Look = Callable[[], Iterator[Finding]]


def examine(*, now: bool) -> Iterator[Finding]:
    """Everything, or all up to what makes the rest pointless."""
    for look in (settings, tables, broker, language_model, workers, round_trip, *([here] if now else [])):
        failed = False
        for finding in look():
            failed |= finding.level == "fail"
            yield finding
        if failed and look in (settings, tables):
            return


def settings() -> Iterator[Finding]:
    """The system checks, ours only."""
    found = [message for message in checks.run_checks() if str(message.id).startswith("shop_ai.")]
    for message in found:
        level: Literal["warn", "fail"] = "fail" if message.level >= checks.ERROR else "warn"
        text = f"{message.msg} ({message.id})"
        yield Finding(about="settings", level=level, text=text, next=message.hint or "")
    if not any(message.level >= checks.ERROR for message in found):
        yield Finding(about="settings", level="ok", text="SHOP_AI can be read and fits the store's models.")


def tables() -> Iterator[Finding]:
    """Reachable, migrated, and on SQLite fit for more than one process."""
    connection = connections[database()]
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
        leaves = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "shop_ai"]
        missing = executor.migration_plan(leaves)
    except DatabaseError as error:
        text = f"The database {database()!r} does not answer: {error}".strip()
        yield Finding(about="database", level="fail", text=text, next="Start it, or correct DATABASES.")
        return
    if missing:
        text = f"{len(missing)} migrations are not applied."
        yield Finding(about="database", level="fail", text=text, next="manage.py migrate")
        return
    yield Finding(about="database", level="ok", text=f"{connection.display_name} answers and is migrated.")
    if connection.vendor == "sqlite":
        yield from _journal()


def _journal() -> Iterator[Finding]:
    with connections[database()].cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        (mode,) = cursor.fetchone()
    if mode != "wal":
        yield Finding(
            about="database",
            level="warn",
            text=f"SQLite's journal mode is {mode}: the web waits while a worker writes.",
            next='DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL;"',
        )


def broker() -> Iterator[Finding]:
    """A ring like any other."""
    if not tasks.has_app():
        yield Finding(
            about="broker",
            level="warn",
            text="The project has no Celery app, or does not import it when it starts.",
            next="Write yourproject/celery.py and import it in yourproject/__init__.py: README, step 4.",
        )
    address = tasks.broker()
    if tasks.Bell().ring(Lane.BULK):
        yield Finding(about="broker", level="ok", text=f"{address} took a ring.")
    else:
        yield Finding(
            about="broker",
            level="warn",
            text=f"{address} cannot be reached: workers find jobs by looking, seconds later.",
            next="Start it, or correct CELERY_BROKER_URL.",
        )


def language_model() -> Iterator[Finding]:
    """What is installed here, without loading it."""
    try:
        backend = build_backend()
        if uses_checkpoint(backend):
            manifest = checkpoints.verify(config().LM.CHECKPOINT, config().CHECKPOINTS)
            size = manifest.bytes // 1_000_000
            text = f"{manifest.name} is installed and intact: {size} MB, {manifest.licence}."
            yield Finding(about="checkpoint", level="ok", text=text)
            yield from _adapters(manifest)
        said = ", ".join(f"{name} {value}" for name, value in backend.describe().items() if value)
        yield Finding(about="backend", level="ok", text=f"{said}.")
    except ShopAIError as error:
        # Only where workers run does it matter; one that is ready has its own.
        ready = WorkerBoot.alive().filter(state="ready").exists()
        next_step = f"manage.py ai_model install {config().LM.CHECKPOINT}"
        text = f"{error} Only a computer with a worker needs it."
        yield Finding(about="checkpoint", level="warn" if ready else "fail", text=text, next=next_step)


def _adapters(checkpoint: checkpoints.Manifest) -> Iterator[Finding]:
    """Those that are installed; what a skill misses is said by the system checks."""
    for manifest in adapters.installed(config().ADAPTERS):
        users = [asked.name for asked in skills().values() if asked.adapter == manifest.name]
        used = f", used by {' and '.join(users)}" if users else ""
        try:
            adapters.verify(manifest.name, config().ADAPTERS).fit(checkpoint)
            text = f"{manifest.name} fits {checkpoint.name}{used}."
            yield Finding(about="adapter", level="ok", text=text)
        except AdapterError as error:
            next_step = "Install the adapter again, or the checkpoint that it was trained on."
            yield Finding(about="adapter", level="warn" if users else "ok", text=str(error), next=next_step)


def uses_checkpoint(backend: Backend) -> bool:
    """Whether it is the local backend, or one made from it."""
    return any(kind.__module__.startswith("shop_ai.lm.local") for kind in type(backend).__mro__)


def workers() -> Iterator[Finding]:
    """Who is alive, for which lanes, and what waits."""
    alive = list(WorkerBoot.alive())
    for boot in alive:
        what = " ".join(str(boot.detail[name]) for name in ("backend", "checkpoint") if boot.detail.get(name))
        text = f"{boot} is {boot.state}, serving {' and '.join(boot.lanes)}{f' with {what}' if what else ''}."
        yield Finding(about="worker", level="ok" if boot.state == "ready" else "warn", text=text)
        yield from _hardware(boot.detail)
    for gpu in hardware.shared(boot.detail for boot in alive):
        text = f"More than one worker computes on the GPU {gpu}: each has half of its memory at best."
        yield Finding(about="hardware", level="warn", text=text, next=hardware.one_each(1))
    if not alive:
        last = WorkerBoot.objects.filter(state="refused").first()
        said = f" The last one refused to start: {last.detail.get('error')}" if last else ""
        text = f"No worker is alive: jobs wait.{said}"
        yield Finding(about="worker", level="fail", text=text, next=tasks.start_command())
    for name in skills():
        if alive and not any(boot.knows(name) for boot in alive):
            text = f"No worker knows the skill {name}: they run with older settings, and its jobs wait."
            yield Finding(about="worker", level="fail", text=text, next="Restart the workers.")
    for lane in Lane:
        if alive and not any(lane in boot.lanes for boot in alive):
            text = f"No worker serves the lane {lane.value}."
            yield Finding(about="worker", level="warn", text=text, next=tasks.start_command())
    yield from _queue()


def _hardware(facts: hardware.Facts) -> Iterator[Finding]:
    """What a language model computes with."""
    if told := hardware.summary(facts):
        yield Finding(about="hardware", level="ok", text=f"{told}.")
    for text, next_step in hardware.advice(facts):
        yield Finding(about="hardware", level="warn", text=text, next=next_step)


def _queue() -> Iterator[Finding]:
    waiting = Job.objects.filter(state=State.QUEUED).count()
    running = Job.objects.filter(state=State.RUNNING).count()
    yield Finding(about="jobs", level="ok", text=f"{waiting} wait, {running} run.")
    for pause in Pause.objects.all():
        text = f"{pause} is paused: {pause.reason}"
        yield Finding(about="jobs", level="warn", text=text, next="End the pause in the admin.")


def round_trip() -> Iterator[Finding]:
    """From here over the broker to a worker's language model and back through the database."""
    if not WorkerBoot.alive().filter(state="ready").exists():
        return
    token = uuid.uuid4().hex
    try:
        tasks.send_probe(token)
    except Exception:  # `broker` has said what there is to say
        text = "No round trip without the broker."
        yield Finding(about="round trip", level="warn", text=text, next="Start the broker.")
        return
    answer = _answer(token)
    if answer is None:
        text = f"No worker answered within {ANSWER_WITHIN:.0f} s: it is busy, or does not hear this broker."
        next_step = (
            "Look at the worker's log; give it the same CELERY_BROKER_URL and the queues of the store."
        )
        yield Finding(about="round trip", level="warn", text=text, next=next_step)
    elif error := answer.get("error"):
        text = f"A worker answered that its language model failed: {error}"
        yield Finding(about="round trip", level="fail", text=text, next="Look at the worker's log.")
    else:
        text = f"A worker's language model wrote {answer['tokens']} tokens in {answer['milliseconds']} ms."
        yield Finding(about="round trip", level="ok", text=text)


def _answer(token: str) -> dict[str, object] | None:
    until = time.monotonic() + ANSWER_WITHIN
    while time.monotonic() < until:
        for boot in WorkerBoot.alive():
            answer: dict[str, object] = boot.detail.get("probe", {})
            if answer.get("token") == token:
                return answer
        time.sleep(0.2)
    return None


def here() -> Iterator[Finding]:
    """Load the language model in this process and let it write a little."""
    began = time.monotonic()
    backend = build_backend()
    try:
        backend.open()
        loaded = time.monotonic()
        asked = Generate(messages=(says("user", "Write one short sentence."),), max_tokens=8)
        tokens = backend.submit(asked).result(300).tokens_out
        pace = tokens / (time.monotonic() - loaded)
        text = f"Loaded here in {loaded - began:.1f} s, wrote {tokens} tokens at {pace:.0f} a second."
        yield Finding(about="here", level="ok", text=text)
        yield from _hardware(backend.describe())
    except Exception as error:
        text = f"The language model does not run here: {error}"
        yield Finding(about="here", level="fail", text=text, next="pip install 'shop-ai[worker]'")
    finally:
        backend.close()
