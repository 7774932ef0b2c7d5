"""Clients that send slowly, or nothing, are disconnected after a limited time."""

import asyncio
import json

import pytest

from ytarchive.common.config import ServerConfig
from ytarchive.http import Listening

HEAD = b"POST /api/v1/notes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BODY = b'{"video_id":"dQw4w9WgXcQ","text":"slow"}'
LENGTH = b"Content-Length: %d\r\n\r\n" % len(BODY)


@pytest.fixture
def config() -> ServerConfig:
    return ServerConfig(read_timeout=0.3)


async def dripped(server: Listening, data: bytes) -> bytes:
    """The answer when bytes are sent one by one until the server closes."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    answer = asyncio.ensure_future(reader.read())
    try:
        for byte in data:
            if answer.done() or writer.is_closing():
                break
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
        async with asyncio.timeout(30):
            return await answer
    except ConnectionResetError:
        return b""
    finally:
        answer.cancel()
        writer.close()


@pytest.mark.parametrize("data", [b"", b"GET / HT", HEAD + b"X-Slow: " + b"a" * 1000])
async def test_endless_headers_are_disconnected(server: Listening, data: bytes) -> None:
    assert await dripped(server, data) == b""


async def test_an_endless_body_is_answered_and_disconnected(server: Listening) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(HEAD + LENGTH + BODY[:-1])
    async with asyncio.timeout(30):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["error"]["code"] == "E016"


async def test_an_idle_connection_is_closed_after_its_answer(server: Listening) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(HEAD + LENGTH + BODY)
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 201 ")


async def test_slow_clients_do_not_delay_others(server: Listening) -> None:
    held = [await asyncio.open_connection(server.host, server.port) for _ in range(200)]
    for _, writer in held:
        writer.write(b"GET /api/v1/health HTTP/1.1\r\nHost: ")
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(HEAD + LENGTH + BODY)
    assert (await reader.readline()).startswith(b"HTTP/1.1 201 ")
    for _, each in [*held, (reader, writer)]:
        each.close()


async def test_a_body_in_many_pieces_is_accepted(server: Listening) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(HEAD + LENGTH)
    for byte in BODY:
        writer.write(bytes([byte]))
        await writer.drain()
    assert (await reader.readline()).startswith(b"HTTP/1.1 201 ")
    writer.close()
