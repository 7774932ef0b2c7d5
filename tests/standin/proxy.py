"""The HTTP proxy: CONNECT to any host becomes TLS with the stand-in on the same connection."""

import asyncio
import ssl
from collections.abc import Callable

from aiohttp import web

from .behaviour import FaultBook
from .log import Entry, RequestLog

_MAX_HEADER_BYTES = 16 * 1024
_CLOSING_SECONDS = 1.0


class _Gate(asyncio.Protocol):
    """Keeps what arrives between the handshake's end and the handler's start."""

    def __init__(self) -> None:
        self.early = bytearray()
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.early += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


class ProxyConnection(asyncio.Protocol):
    """One client's connection to the proxy; nothing is copied between two sockets."""

    def __init__(self, front: "ProxyFront") -> None:
        self._front = front
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a client."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._front.transports.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a client that left before it said CONNECT."""
        if self._transport:
            self._front.transports.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Gather the request's head, then act on it."""
        self._received += data
        if b"\r\n\r\n" in self._received:
            self._asked(self._received.split(b"\r\n", 1)[0].decode("latin-1"))
        elif len(self._received) > _MAX_HEADER_BYTES:
            self._refuse(431)

    def _asked(self, request_line: str) -> None:
        method, _, rest = request_line.partition(" ")
        host, _, port = rest.partition(" ")[0].partition(":")
        if method != "CONNECT" or port != "443":
            self._front.note_refused(method, rest)
            self._refuse(403)
        elif status := self._front.status_for(host):
            self._refuse(status)
        elif self._transport:
            # Nothing may be read until TLS is in place.
            self._transport.pause_reading()
            self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._front.start(self._transport)

    def _refuse(self, status: int) -> None:
        if self._transport:
            head = f"HTTP/1.1 {status} Refused by the stand-in\r\nContent-Length: 0\r\n"
            self._transport.write(head.encode() + b"Connection: close\r\n\r\n")
            self._transport.close()


class ProxyFront:
    """Everything that the proxy's connections share."""

    def __init__(
        self,
        context: ssl.SSLContext,
        new_handler: Callable[[], web.RequestHandler],
        log: RequestLog,
        faults: FaultBook,
    ) -> None:
        self.transports: set[asyncio.Transport] = set()
        self._context = context
        self._new_handler = new_handler
        self._log = log
        self._faults = faults
        self._tasks: set[asyncio.Task[None]] = set()

    def status_for(self, host: str) -> int:
        """Log a CONNECT and return the status that refuses it, 0 for none."""
        entry = self._log.open(Entry(kind="connect", host=host, path="", method="CONNECT"))
        fault = self._faults.strike("connect", "")
        status = fault.status if fault else 0
        self._log.close(entry, status or 200)
        return status

    def note_refused(self, method: str, address: str) -> None:
        """Log a request for what the stand-in does not play, such as a plain HTTP address."""
        entry = self._log.open(Entry(kind="refused", host="", path=address, method=method))
        self._log.close(entry, 403)

    def start(self, transport: asyncio.Transport) -> None:
        """Begin TLS on a connection and hand it to the web server."""
        task = asyncio.get_running_loop().create_task(self._serve(transport))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, transport: asyncio.Transport) -> None:
        gate = _Gate()
        loop = asyncio.get_running_loop()
        try:
            tls = await loop.start_tls(
                transport,
                gate,
                self._context,
                server_side=True,
                ssl_shutdown_timeout=_CLOSING_SECONDS,
            )
        except (OSError, ssl.SSLError):
            self.transports.discard(transport)
            return
        if tls is None or gate.lost:
            return
        handler = self._new_handler()
        handler.connection_made(tls)
        tls.set_protocol(handler)
        if gate.early:
            handler.data_received(bytes(gate.early))

    async def close(self) -> None:
        """Drop every connection."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in self.transports:
            transport.abort()
        self.transports.clear()
