"""A SOCKS proxy on loopback, versions 4, 4a and 5 without authentication."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass


@dataclass
class SocksProxy:
    """A proxy that listens on `port`."""

    refuses: bool
    port: int = 0
    served: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            version = (await reader.readexactly(1))[0]
            host, port = await (self._five if version == 5 else self._four)(reader, writer)
            if not self.refuses:
                self.served += 1
                await _joined(reader, writer, host, port)
        writer.close()

    async def _five(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[str, int]:
        await reader.readexactly((await reader.readexactly(1))[0])
        writer.write(b"\x05\x00")
        kind = (await reader.readexactly(4))[3]
        length = 4 if kind == 1 else (await reader.readexactly(1))[0]
        address = await reader.readexactly(length)
        [port] = struct.unpack(">H", await reader.readexactly(2))
        writer.write(bytes([5, int(self.refuses), 0, 1]) + bytes(6))
        return ".".join(map(str, address)) if kind == 1 else address.decode(), port

    async def _four(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[str, int]:
        _, port, *address = struct.unpack(">BH4B", await reader.readexactly(7))
        await reader.readuntil(b"\0")
        host = ".".join(map(str, address))
        if host.startswith("0.0.0."):
            host = (await reader.readuntil(b"\0"))[:-1].decode()
        writer.write(b"\x00\x5a" + bytes(6))
        return host, port


async def _joined(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
) -> None:
    there, back = await asyncio.open_connection(host, port)

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            target.write(data)

    sending = asyncio.create_task(pump(reader, back))
    await pump(there, writer)
    sending.cancel()
    back.close()


@asynccontextmanager
async def socks_proxy(*, refuses: bool = False) -> AsyncIterator[SocksProxy]:
    """Run a proxy until the block ends."""
    proxy = SocksProxy(refuses)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
