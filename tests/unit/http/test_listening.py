"""An unavailable address is reported with the reason and the remedy."""

import asyncio
import socket
from collections.abc import Iterator

import aiohttp
import pytest

from tests.unit.http.serving import Notes, NotesAPI, serving
from ytarchive.common.config import ServerConfig
from ytarchive.common.errors import AddressInUse
from ytarchive.common.models import Done
from ytarchive.http import build_app, listen


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


async def test_a_taken_port_is_named(taken_port: int) -> None:
    app = build_app([(NotesAPI, Notes())], ServerConfig())
    with pytest.raises(AddressInUse, match=f"127.0.0.1 port {taken_port}: another program"):
        await listen(app, "127.0.0.1", taken_port)


async def test_an_address_of_another_machine_is_refused() -> None:
    app = build_app([(NotesAPI, Notes())], ServerConfig.model_validate({"token": "t"}))
    with pytest.raises(AddressInUse, match="this machine does not have that address"):
        await listen(app, "192.0.2.1", 0)


async def test_a_name_that_does_not_exist_is_refused() -> None:
    app = build_app([(NotesAPI, Notes())], ServerConfig.model_validate({"token": "t"}))
    with pytest.raises(AddressInUse, match=r"cannot listen on host\.invalid"):
        await listen(app, "host.invalid", 0)


async def test_closing_lets_a_running_request_end_and_frees_the_port(
    session: aiohttp.ClientSession,
) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    class Slow(Notes):
        async def delete_note(self, note_id: str) -> Done:
            entered.set()
            await leave.wait()
            return Done()

    async with serving((NotesAPI, Slow())) as server:
        asked = asyncio.create_task(_status(session, f"{server.url}/api/v1/notes/x"))
        await entered.wait()
        closing = asyncio.create_task(server.close())
        await asyncio.sleep(0)
        leave.set()
        assert await asked == 200
        await closing
        with socket.create_server(("127.0.0.1", server.port)):
            pass


async def _status(session: aiohttp.ClientSession, url: str) -> int:
    async with session.delete(url) as response:
        return response.status
