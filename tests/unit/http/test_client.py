"""A remote service fails with an error that names it, whatever answers at its address."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from tests.unit.http.serving import Note, NoteQuery, Notes, NotesAPI, serving
from ytarchive.common.config import ServerConfig
from ytarchive.common.errors import (
    InvalidIdentifier,
    InvalidRequest,
    ProtocolError,
    ServiceTimeout,
    ServiceUnavailable,
    TokenRequired,
)
from ytarchive.common.models import HealthCheck
from ytarchive.common.tracing import trace
from ytarchive.http import Listening, remote

NOTE = Note(video_id="dQw4w9WgXcQ", text="seen")


@asynccontextmanager
async def answering(
    handler: Callable[[web.BaseRequest], Awaitable[web.Response]],
) -> AsyncIterator[str]:
    """Some other web server, whose every answer is `handler`'s; its URL."""
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_an_unreachable_service_is_unavailable_with_name_and_address(
    session: aiohttp.ClientSession, unused_tcp_port: int
) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    with pytest.raises(ServiceUnavailable, match=f"storage service at {url} does not answer") as e:
        await remote(NotesAPI, session, url).read_note("x")
    assert e.value.details == {"service": "storage", "url": url}


async def test_a_name_that_does_not_exist_is_unavailable(session: aiohttp.ClientSession) -> None:
    with pytest.raises(ServiceUnavailable):
        await remote(NotesAPI, session, "http://host.invalid:1").read_note("x")


async def test_a_hanging_service_times_out(session: aiohttp.ClientSession) -> None:
    leave = asyncio.Event()

    async def hang(_: web.BaseRequest) -> web.Response:
        await leave.wait()
        return web.Response()

    async with answering(hang) as url:
        notes = remote(NotesAPI, session, url, timeout=0.05)
        with pytest.raises(ServiceTimeout, match=r"storage service at .* within 0\.05 seconds"):
            await notes.read_note("x")
        leave.set()


async def test_a_service_that_ends_during_a_request_is_unavailable(
    session: aiohttp.ClientSession,
) -> None:
    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        writer.close()

    async with await asyncio.start_server(die, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ServiceUnavailable):
            await remote(NotesAPI, session, f"http://127.0.0.1:{port}").read_note("x")


@pytest.mark.parametrize(
    "body",
    ["", "<html>hello</html>", "[]", "{}", '{"success": true}', '{"success": "maybe"}',
     '{"success":false,"data":null,"error":null,"trace_id":"t"}',
     '{"success":true,"data":null,"error":null,"trace_id":"t"}',
     '{"success":true,"data":{"colour":"red"},"error":null,"trace_id":"t"}',
     '{"success":false,"data":null,"error":{"code":"X1","message":"new"},"trace_id":"t"}'],
)  # fmt: skip
async def test_an_answer_without_envelope_is_a_protocol_error(
    session: aiohttp.ClientSession, body: str
) -> None:
    async def talk(_: web.BaseRequest) -> web.Response:
        return web.Response(text=body)

    async with answering(talk) as url:
        with pytest.raises(ProtocolError):
            await remote(NotesAPI, session, url).read_note("x")


async def test_a_redirect_is_not_followed(session: aiohttp.ClientSession) -> None:
    async def elsewhere(_: web.BaseRequest) -> web.Response:
        raise web.HTTPFound("http://example.com/")

    async with answering(elsewhere) as url:
        with pytest.raises(ProtocolError, match="status 302"):
            await remote(NotesAPI, session, url).read_note("x")


async def test_an_answer_that_is_not_http_is_a_protocol_error(
    session: aiohttp.ClientSession,
) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ProtocolError):
            await remote(NotesAPI, session, f"http://127.0.0.1:{port}").read_note("x")


@pytest.mark.parametrize(
    "url", ["nonsense", "http://", "ftp://127.0.0.1", "http://127.0.0.1:99999"]
)
async def test_an_address_that_is_no_url_is_a_protocol_error(
    session: aiohttp.ClientSession, url: str
) -> None:
    with pytest.raises(ProtocolError):
        await remote(NotesAPI, session, url).read_note("x")


async def test_invalid_ids_are_refused_before_a_request_is_sent(
    session: aiohttp.ClientSession,
) -> None:
    notes = remote(NotesAPI, session, "http://host.invalid")
    with pytest.raises(InvalidIdentifier):
        await notes.video_notes("https://evil.com/dQw4w9WgXcQ")
    with pytest.raises(InvalidRequest, match="note_id"):
        await notes.read_note("../../etc/passwd")


async def test_the_callers_trace_is_sent(session: aiohttp.ClientSession, server: Listening) -> None:
    notes = remote(NotesAPI, session, server.url + "/")
    with trace("outer"):
        assert (await notes.write_note(NOTE)).trace_id == "outer"
    assert (await notes.write_note(NOTE)).trace_id not in {"outer", None}


async def test_the_token_is_sent(session: aiohttp.ClientSession) -> None:
    config = ServerConfig.model_validate({"token": "t"})
    async with serving((NotesAPI, Notes()), config=config) as server:
        assert (await remote(NotesAPI, session, server.url, "t").health()).is_healthy
        with pytest.raises(TokenRequired):
            await remote(NotesAPI, session, server.url, "wrong").health()


async def test_health_is_the_services_own_on_a_shared_server(
    session: aiohttp.ClientSession, server: Listening
) -> None:
    assert (await remote(NotesAPI, session, server.url).health()).service == "storage"


async def test_a_remote_service_can_itself_be_served(
    session: aiohttp.ClientSession, server: Listening
) -> None:
    """So a process may pass on what another one runs."""
    async with serving((NotesAPI, remote(NotesAPI, session, server.url))) as gateway:
        notes = remote(NotesAPI, session, gateway.url)
        written = await notes.write_note(NOTE)
        assert (await notes.list_notes(NoteQuery(limit=1))).items == [written]
        with pytest.raises(InvalidRequest):
            await notes.read_note("no id!")


async def test_a_hundred_concurrent_calls_get_their_own_answers(
    session: aiohttp.ClientSession, server: Listening
) -> None:
    notes = remote(NotesAPI, session, server.url)
    asked = [NOTE.model_copy(update={"text": str(n)}) for n in range(100)]
    written = await asyncio.gather(*map(notes.write_note, asked))
    assert [note.text for note in written] == [note.text for note in asked]
    assert len({note.id for note in written}) == len({note.trace_id for note in written}) == 100


async def test_health_of_a_hung_or_failing_service_is_unhealthy(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hung(Notes):
        async def health(self) -> HealthCheck:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr("ytarchive.http.health._TIMEOUT", 0.05)
    async with serving((NotesAPI, Hung())) as server:
        assert (await remote(NotesAPI, session, server.url).health()).status == "unhealthy"
