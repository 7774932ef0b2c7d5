"""Server-sent events: the answer of the server and the reader of the client."""

import asyncio
from collections.abc import AsyncIterable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from aiohttp import hdrs, web
from pydantic import ValidationError

from ytarchive.common.events import EventStream, SentEvent
from ytarchive.common.tracing import TRACE_HEADER
from ytarchive.http.guard import SAFE_HEADERS

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

LAST_EVENT_ID = "Last-Event-ID"
STREAMS = web.AppKey("streams", set[asyncio.Task[Any]])
"""The open streams, which end when the server stops."""
HEARTBEAT = 15.0
_STALLED = 60.0
"""Seconds after which a subscriber that reads no bytes is disconnected."""
_EVENTS_HEADERS = {
    **SAFE_HEADERS,
    hdrs.CONTENT_TYPE: "text/event-stream",
    "X-Accel-Buffering": "no",
}


def events_response(stream: EventStream, trace_id: str) -> web.StreamResponse:
    """Return the answer that sends a stream."""
    return _Events(stream, headers={**_EVENTS_HEADERS, TRACE_HEADER: trace_id})


async def end_streams(app: web.Application) -> None:
    """End every stream when the server stops."""
    for task in app[STREAMS]:
        task.cancel()


class _Events(web.StreamResponse):
    """An answer that sends its body until it is closed, outside the request's time limit."""

    def __init__(self, stream: EventStream, headers: dict[str, str]) -> None:
        super().__init__(headers=headers)
        self._stream = stream

    async def prepare(self, request: web.BaseRequest) -> "AbstractStreamWriter | None":
        """Send the headers and the events."""
        if self.prepared:
            return await super().prepare(request)
        async with aclosing(self._stream):
            writer = await super().prepare(request)
            if request.method != hdrs.METH_HEAD:
                await self._registered(request)
        return writer

    async def _registered(self, request: web.BaseRequest) -> None:
        task = asyncio.current_task()
        streams = request.app[STREAMS] if isinstance(request, web.Request) else set()
        if task is None:
            return
        streams.add(task)
        try:
            await self._send()
        finally:
            streams.discard(task)

    async def _send(self) -> None:
        reading = asyncio.ensure_future(anext(self._stream))
        try:
            while True:
                done, _ = await asyncio.wait([reading], timeout=HEARTBEAT)
                data = _encoded(reading.result()) if done else b":\n\n"
                if done:
                    reading = asyncio.ensure_future(anext(self._stream))
                async with asyncio.timeout(_STALLED):
                    await self.write(data)
        except TimeoutError as error:
            raise ConnectionResetError from error
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


def _encoded(sent: SentEvent) -> bytes:
    data = sent.event.model_dump_json()
    return f"id: {sent.id}\nevent: {sent.event.kind}\ndata: {data}\n\n".encode()


async def decoded(parts: AsyncIterable[bytes]) -> EventStream:
    """Yield the events of a body. Raises ValueError for invalid data."""
    rest, fields = b"", dict[str, str]()
    async for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            name, _, value = line.decode().rstrip("\r").partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
            elif "data" in fields:
                yield _event(fields)
                fields = {}


def _event(fields: dict[str, str]) -> SentEvent:
    try:
        text = b'{"id":"","event":%b}' % fields["data"].encode()
        return SentEvent.model_validate_json(text).model_copy(update={"id": fields.get("id", "")})
    except ValidationError as error:
        raise ValueError("an event in an unknown form") from error
