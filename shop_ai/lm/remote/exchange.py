"""One HTTP request on a connection of its own. Another thread may drop it at any time.

Connections are not kept: the answer to a dropped request can never be taken for that of the next one. Neither
redirects nor proxies of the environment are followed: bytes go to the endpoint of the settings or nowhere.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any

from shop_ai.exceptions import BackendError
from shop_ai.lm.remote.call import Call
from shop_ai.lm.remote.failures import Dropped, TimedOut, Transient
from shop_ai.lm.remote.options import Options

PIECE = 1 << 16
MOST = 1 << 26
"""Bytes of the longest answer that is read."""


class Answer:
    """Status, headers and, piece by piece, the body."""

    def __init__(self, response: HTTPResponse, pieces: Iterator[bytes]) -> None:
        self.status = response.status
        self.streamed = "event-stream" in response.headers.get("Content-Type", "")
        self.retry_after = response.headers.get("Retry-After", "")
        self.pieces = pieces


@contextmanager
def exchange(
    options: Options, body: Mapping[str, Any], call: Call, *, alive: Callable[[], None], silence: float
) -> Iterator[Answer]:
    """Post the body; raises only `BackendError`s. `alive` is called for every sign of life."""
    endpoint = options.endpoint
    until = time.monotonic() + options.timeout
    connection = _connection(options)
    try:
        with _told(options, call):
            connection.connect()
            call.hold(connection.sock)
            connection.sock.settimeout(min(silence, options.timeout))
            wire, held = json.dumps(body).encode(), connection.sock
            connection.request("POST", f"{endpoint.path}/chat/completions", wire, _headers(options))
            with connection.getresponse() as response:
                alive()
                yield Answer(response, _pieces(response, held, until, silence, alive))
    finally:
        call.hold(None)
        connection.close()


def _connection(options: Options) -> HTTPConnection:
    endpoint = options.endpoint
    if endpoint.secure:
        context = ssl.create_default_context()
        return HTTPSConnection(endpoint.host, endpoint.port, timeout=options.connect_timeout, context=context)
    return HTTPConnection(endpoint.host, endpoint.port, timeout=options.connect_timeout)


def _headers(options: Options) -> dict[str, str]:
    """The key is read anew each time and kept nowhere."""
    headers = {"Content-Type": "application/json", "Connection": "close", "Accept-Encoding": "identity"}
    if options.api_key_env:
        headers["Authorization"] = f"Bearer {key(options)}"
    return headers


def key(options: Options) -> str:
    """The key from the environment; raises `BackendError` where there is no usable one."""
    value = os.environ.get(options.api_key_env, "").strip()
    if not value or not (value.isascii() and value.isprintable()):
        reason = "holds no key that can be sent" if value else "is not set"
        raise BackendError(f"The environment variable {options.api_key_env} (api_key_env) {reason}.")
    return value


def _pieces(
    response: HTTPResponse, held: socket.socket, until: float, silence: float, alive: Callable[[], None]
) -> Iterator[bytes]:
    expected, received = response.length, 0
    while True:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        held.settimeout(min(silence, left))
        piece = response.read1(PIECE)
        if not piece:
            break
        alive()
        received += len(piece)
        if received > MOST:
            raise BackendError(f"The server's answer is longer than {MOST >> 20} MB and was not read.")
        yield piece
    if expected is not None and received < expected:
        raise ConnectionError


@contextmanager
def _told(options: Options, call: Call) -> Iterator[None]:
    """Turn what the socket and the HTTP library raise into sentences."""
    where = options.endpoint
    try:
        yield
    except (OSError, HTTPException) as error:
        if call.dropped.is_set():
            raise Dropped from error
        raise _sentence(error, where) from error


def _sentence(error: Exception, where: object) -> BackendError:
    if isinstance(error, TimeoutError):
        return TimedOut(f"The server at {where} did not answer in time.")
    if isinstance(error, ConnectionRefusedError):
        return Transient(f"The server at {where} refuses connections; is it running?")
    if isinstance(error, socket.gaierror):
        return Transient(f"The host of {where} is not known to the name server.")
    if isinstance(error, ssl.SSLCertVerificationError):
        return BackendError(f"The certificate of {where} cannot be verified ({error.verify_message}).")
    return Transient(f"The connection to {where} broke ({type(error).__name__}).")
