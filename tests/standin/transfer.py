"""Sending bodies: media with ranges, pace and expiry, and bodies that break off."""

import asyncio
import re
import time
from collections import Counter
from contextlib import suppress
from typing import NamedTuple

from aiohttp import web

from .behaviour import Behaviour, Fault
from .log import Entry, RequestLog
from .media import MediaLibrary

CHUNK = 256 * 1024
_SMALL_CHUNK = 8 * 1024
_RANGE = re.compile(r"(?:bytes=)?(\d+)-(\d*)")


class Span(NamedTuple):
    """The bytes from `start` up to, not including, `stop`."""

    start: int
    stop: int


def span_of(given: str, size: int) -> Span | None:
    """Read a range such as `bytes=0-99`; None when none of it lies within `size` bytes."""
    match = _RANGE.fullmatch(given)
    if not match:
        return Span(0, size)
    start = int(match[1])
    stop = min(int(match[2]) + 1, size) if match[2] else size
    return Span(start, stop) if start < stop else None


class MediaServer:
    """Answers `/videoplayback`."""

    def __init__(self, media: MediaLibrary, behaviour: Behaviour, log: RequestLog) -> None:
        self._media = media
        self._behaviour = behaviour
        self._log = log
        self._uses: Counter[str] = Counter()

    async def answer(
        self, request: web.BaseRequest, entry: Entry, fault: Fault | None
    ) -> web.StreamResponse:
        """Send the asked range of a media file, or say why not."""
        if self._is_stale(request):
            return web.Response(status=403)
        file = self._media.files.get(int(request.query.get("itag", 0)))
        if file is None:
            return web.Response(status=404)
        span = span_of(entry.range or request.query.get("range", ""), file.size)
        if span is None:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{file.size}"})
        response = web.StreamResponse(status=206 if entry.range else 200)
        response.headers.update({"Content-Type": file.format.mime_type, "Accept-Ranges": "bytes"})
        if entry.range:
            response.headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{file.size}"
        body = file.view[span.start : span.stop]
        if fault and fault.truncate_to is not None:
            body = body[: fault.truncate_to]
        cut = fault.cut_after if fault else None
        self._log.media_started()
        try:
            if fault and fault.endless:
                return await send_endlessly(request, entry, response, self._behaviour)
            return await send(request, entry, response, body, cut=cut, behaviour=self._behaviour)
        finally:
            self._log.active_media -= 1

    def _is_stale(self, request: web.BaseRequest) -> bool:
        query = request.query
        self._uses[address := query.get("ticket", "") + "." + query.get("itag", "")] += 1
        uses = self._behaviour.media_url_uses
        worn = uses is not None and self._uses[address] > uses
        return worn or int(query.get("expire") or 0) <= time.time()

    def reset(self) -> None:
        """Forget how often each address was used."""
        self._uses.clear()


async def send(
    request: web.BaseRequest,
    entry: Entry,
    response: web.StreamResponse,
    body: memoryview,
    *,
    cut: int | None = None,
    behaviour: Behaviour | None = None,
) -> web.StreamResponse:
    """Send a body in chunks, at the behaviour's media pace; `cut` bytes in, hang up."""
    response.content_length = len(body)
    await response.prepare(request)
    end = len(body) if cut is None else min(cut, len(body))
    due = time.monotonic()
    with suppress(ConnectionResetError):  # the client has been killed, as clients of tests are
        while entry.bytes_sent < end and request.method != "HEAD":
            rate = behaviour.media_bytes_per_second if behaviour else None
            size = _piece(rate)
            chunk = body[entry.bytes_sent : min(entry.bytes_sent + size, end)]
            if rate is not None:
                due += len(chunk) / rate
                await asyncio.sleep(due - time.monotonic())
            await response.write(chunk)
            entry.bytes_sent += len(chunk)
    if cut is not None and cut < len(body) and request.transport is not None:
        request.transport.close()
    return response


async def send_endlessly(
    request: web.BaseRequest, entry: Entry, response: web.StreamResponse, behaviour: Behaviour
) -> web.StreamResponse:
    """Send zeros, without a Content-Length, until the client leaves."""
    response.enable_chunked_encoding()
    await response.prepare(request)
    due = time.monotonic()
    with suppress(ConnectionResetError):
        while request.transport is not None:
            piece = bytes(_piece(rate := behaviour.media_bytes_per_second))
            due += len(piece) / rate if rate else 0
            await asyncio.sleep(max(due - time.monotonic(), 0))
            await response.write(piece)
            entry.bytes_sent += len(piece)
    return response


def _piece(rate: int | None) -> int:
    """Bytes to send at a time, at a rate in bytes a second."""
    if rate is None:
        return CHUNK
    return max(_SMALL_CHUNK, min(CHUNK, rate // 20)) if rate > _SMALL_CHUNK else max(rate // 4, 1)
