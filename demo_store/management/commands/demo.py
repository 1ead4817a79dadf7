"""The whole product on this computer: store, worker, web, and the skills on real rows."""

from __future__ import annotations

import fcntl
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo_store import demo
from demo_store.children import Child, Died, free_port, stop
from shop_ai.conf import config
from shop_ai.management.progress import Progress, watch
from shop_ai.models import WorkerBoot
from shop_ai.skills import skills
from shop_ai.tasks import start_command

START_WITHIN = 180.0
"""Seconds for the worker to load the language model, and for the web to answer."""
SIGN_OF_LIFE = 10.0
"""Seconds after which a worker that was not seen is taken for dead; it is seen every two."""


class Command(BaseCommand):
    """Show everything; stay until Ctrl-C."""

    help = "Start the demo store with its worker, run the skills on real rows and show what they wrote."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="Stop everything at the end.")
        parser.add_argument("--port", type=int, default=8000, help="Port of the web; the next free one.")

    def handle(self, *args: Any, once: bool, port: int, **options: Any) -> None:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # A shell has its background jobs ignore Ctrl-C, but not a SIGINT that is sent; `nohup` means it.
            if name != signal.SIGHUP or signal.getsignal(name) != signal.SIG_IGN:
                signal.signal(name, _as_ctrl_c)
        try:
            with alone():
                self.prepare()
                with self.children(free_port(port)) as (web, worker):
                    well = self.show(worker)
                    if not once:
                        self.stay(web, worker)
        except Died as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            if once:
                raise CommandError("Stopped before the end.", returncode=130) from None
            return
        if not well:
            raise CommandError("Not every job succeeded or declined, or a skill has no result; see above.")

    def prepare(self) -> None:
        """Database, rows and language model."""
        self.say("Database and rows of the store …")
        call_command("migrate", verbosity=0)
        refuse_company()
        call_command("seed_store", stdout=self.stdout)
        if not settings.DEBUG:
            call_command("collectstatic", interactive=False, verbosity=0)
        if config().LM.BACKEND.endswith(".LocalBackend"):
            self.say(f"Language model {config().LM.CHECKPOINT} …")
            call_command("ai_model", "install", config().LM.CHECKPOINT, stdout=self.stdout)

    @contextmanager
    def children(self, port: int) -> Iterator[tuple[Child, Child]]:
        """The worker and the web, both ready; both stopped at the end, whatever happens."""
        python, logs, started = sys.executable, settings.VAR / "logs", []
        celery = [python, "-m", *start_command().split()]
        uvicorn = [python, "-m", "uvicorn", "demo_store.asgi:application", "--lifespan=off"]
        self.say("Worker and web …")
        self.address = f"http://127.0.0.1:{port}/"
        try:
            worker = Child("worker", [*celery, "--loglevel=warning"], logs / "worker.log")
            started.append(worker)
            web = Child("web", [*uvicorn, f"--port={port}"], logs / "web.log")
            started.append(web)
            wait_for("the worker", worker, lambda: working(worker))
            wait_for("the web", web, lambda: answers(self.address))
            yield web, worker
        finally:
            stop(started, config().GRACE + 10)

    def show(self, worker: Child) -> bool:
        """Run each skill on a few rows and print what came of it; whether all went well."""
        well = True
        for asked in skills().values():
            chosen = demo.rows(asked)
            self.say(f"\n{asked.label}: {len(chosen)} rows")
            mine = demo.enqueue(asked, chosen)
            watch(mine, Progress(self.stdout, "  "), worker.check)
            self.say(demo.told(mine))
            well = demo.went_well(mine) and well
        self.say(f"\nThe store:  {self.address}")
        self.say(f"Its admin:  {self.address}admin/   as admin / admin or merchant / merchant")
        return well

    def stay(self, *children: Child) -> NoReturn:
        """Until Ctrl-C, or until a child dies."""
        self.say(f"Logs: {settings.VAR / 'logs'}. Ctrl-C stops everything.")
        try:
            while True:
                for child in children:
                    child.check()
                time.sleep(1)
        except KeyboardInterrupt:
            self.say("\nStopping; the worker finishes what it has begun …")
            raise

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _as_ctrl_c(*_: Any) -> NoReturn:
    """A closed terminal or a `kill` ends the demo as Ctrl-C does: with its children."""
    raise KeyboardInterrupt


@contextmanager
def alone() -> Iterator[None]:
    """Two demos on one database would work against each other."""
    with (settings.VAR / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Died(
                "Another demo is running on this database. Stop it with Ctrl-C in its terminal, or give "
                "this one a folder of its own: SHOP_VAR=/tmp/another make demo"
            ) from None
        yield


def wait_for(what: str, child: Child, ready: Any) -> None:
    """Look until `ready`; a child that died says why."""
    until = time.monotonic() + START_WITHIN
    while not ready():
        child.check()
        if time.monotonic() > until:
            raise Died(f"Waited {START_WITHIN:.0f} s for {what} in vain. The end of its log:\n{child.tail()}")
        time.sleep(0.2)


def working(worker: Child) -> bool:
    """Whether the worker has loaded its language model."""
    return WorkerBoot.alive().filter(pid=worker.process.pid, state="ready").exists()


def refuse_company() -> None:
    """SQLite carries one worker; one that a killed demo left behind must end first."""
    until = time.monotonic() + SIGN_OF_LIFE
    while (boot := WorkerBoot.alive(SIGN_OF_LIFE).first()) is not None:
        if time.monotonic() > until:
            raise Died(
                f"A worker is running on this database already (process {boot.pid} on {boot.host}). "
                f"Stop it first: kill {boot.pid}"
            )
        time.sleep(0.5)


def answers(address: str) -> bool:
    """Whether the web serves its first page."""
    try:
        with urllib.request.urlopen(address, timeout=10) as page:  # noqa: S310 - our own address
            return bool(page.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
