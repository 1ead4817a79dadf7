"""The handle by which another thread drops an HTTP request."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from shop_ai.lm.remote.failures import Dropped


class Call:
    """A request on the wire, or on its way there."""

    def __init__(self) -> None:
        self.dropped = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def drop(self) -> None:
        """Close the connection, so that who waits for the answer wakes, and the server notices."""
        self.dropped.set()
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def hold(self, connected: socket.socket | None) -> None:
        """Remember the socket; None before it is closed, since its number may become another's."""
        with self._lock:
            self._socket = connected
        if connected is not None and self.dropped.is_set():
            raise Dropped
