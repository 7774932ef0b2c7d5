"""A small HTTP client that asks as fast as it can, over many connections."""

import asyncio
import time
from urllib.parse import urlsplit


class _Connection(asyncio.Protocol):
    """Sends the same request again as soon as its answer is there."""

    def __init__(self, request: bytes) -> None:
        self.answers = 0
        self._request = request
        self._missing = 0
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._missing:
            self._head += data
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode(errors="replace"))
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            self._head, self._missing, data = b"", int(length), body
        self._missing -= len(data)
        if not self._missing:
            self.answers += 1
            self.transport.write(self._request)


def throughput(url: str, seconds: float, connections: int = 16) -> float:
    """Answers a second to GET requests for a URL."""
    return asyncio.run(_throughput(url, seconds, connections))


async def _throughput(url: str, seconds: float, connections: int) -> float:
    where = urlsplit(url)
    path = where.path + (f"?{where.query}" if where.query else "")
    request = f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    host, port = where.hostname or "", where.port or 80
    opened = [
        await loop.create_connection(lambda: _Connection(request), host, port)
        for _ in range(connections)
    ]
    begun = time.monotonic()
    await asyncio.sleep(seconds)
    answers = sum(protocol.answers for _, protocol in opened)
    took = time.monotonic() - begun
    for transport, _ in opened:
        transport.abort()
    return answers / took
