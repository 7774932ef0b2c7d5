"""A small HTTP client that sends requests as fast as possible, over many connections."""

import asyncio
import time
from collections.abc import Iterator
from itertools import repeat
from urllib.parse import urlsplit


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self.answers = 0
        self.has_ended = asyncio.Event()
        self._requests = requests
        self._missing = 0
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        if not self._missing:
            self._head += data
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 2"):
                raise RuntimeError(head.decode(errors="replace"))
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            self._head, self._missing, data = b"", int(length), body
        self._missing -= len(data)
        if not self._missing:
            self.answers += 1
            self._send()

    def connection_lost(self, _: Exception | None) -> None:
        self.has_ended.set()

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.has_ended.set()
        else:
            self.transport.write(request)


def throughput(url: str, seconds: float, connections: int = 16) -> float:
    """Answers a second to GET requests for a URL."""
    return asyncio.run(_throughput(url, seconds, connections))


async def _throughput(url: str, seconds: float, connections: int) -> float:
    where = urlsplit(url)
    path = where.path + (f"?{where.query}" if where.query else "")
    request = f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode()
    opened = await _open(url, repeat(request), connections)
    begun = time.monotonic()
    await asyncio.sleep(seconds)
    answers = sum(protocol.answers for protocol in opened)
    took = time.monotonic() - begun
    for protocol in opened:
        protocol.transport.abort()
    return answers / took


def post_all(url: str, bodies: list[bytes], connections: int = 16) -> float:
    """Seconds that it takes until every body, which is JSON, has its answer."""
    return asyncio.run(_post_all(url, bodies, connections))


async def _post_all(url: str, bodies: list[bytes], connections: int) -> float:
    where = urlsplit(url)
    head = f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json"
    requests = iter(
        [
            b"%b\r\nContent-Length: %d\r\n\r\n%b" % (head.encode(), len(body), body)
            for body in bodies
        ]
    )
    begun = time.monotonic()
    opened = await _open(url, requests, connections)
    for protocol in opened:
        await protocol.has_ended.wait()
    took = time.monotonic() - begun
    answers = sum(protocol.answers for protocol in opened)
    for protocol in opened:
        protocol.transport.abort()
    if answers != len(bodies):
        raise RuntimeError(f"{answers} answers to {len(bodies)} requests")
    return took


async def _open(url: str, requests: Iterator[bytes], connections: int) -> list[_Connection]:
    where = urlsplit(url)
    loop = asyncio.get_running_loop()
    host, port = where.hostname or "", where.port or 80
    return [
        (await loop.create_connection(lambda: _Connection(requests), host, port))[1]
        for _ in range(connections)
    ]
