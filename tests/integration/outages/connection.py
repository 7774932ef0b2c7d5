"""The connection between a server and the stand-in, with failures of networks."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlsplit

from tests.standin import StandInProcess

_CONNECT = b"CONNECT www.youtube.com:443 HTTP/1.1\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)
"""For SO_LINGER: closing sends a reset."""


class Connection:
    """A port that leads to the stand-in's proxy, or, if `is_direct`, to its YouTube by TLS."""

    def __init__(self, youtube: StandInProcess, *, is_direct: bool = False) -> None:
        self._target = urlsplit(youtube.proxy_url)
        self._is_direct = is_direct
        self._handle: Callable[[socket.socket], None] = self._relay
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._accept(self._listener)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()

    @property
    def url(self) -> str:
        """The address as a proxy's."""
        return f"http://127.0.0.1:{self.port}"

    def refuse(self) -> None:
        """Refuse connections, and reset those that there are."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self._drop()

    def reset(self) -> None:
        """Accept connections and reset them."""
        self._handle = _reset
        self._drop()

    def be_silent(self) -> None:
        """Accept connections and answer nothing; those that there are stay as they are."""
        self._handle = self._open.append

    def restore(self) -> None:
        """Work again."""
        self._handle = self._relay
        self._drop()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._accept(self._listener)

    def _accept(self, listener: socket.socket) -> None:
        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    self._handle(client)

        _start(accept)

    def _drop(self) -> None:
        dropped, self._open = self._open, []
        for each in dropped:
            _reset(each)

    def _relay(self, client: socket.socket) -> None:
        server = socket.create_connection((self._target.hostname, self._target.port))
        if self._is_direct:
            server.sendall(_CONNECT)
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                answer += server.recv(1)
        self._open += [client, server]
        _start(_pump, client, server)
        _start(_pump, server, client)


def _start(target: Callable[..., None], *given: Any) -> None:
    threading.Thread(target=target, args=given, daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
