"""Answers with bytes, complete or in part, with headers for browsers and caches."""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import hdrs, web
from loguru import logger

from ytarchive.common.content import Content, Parts
from ytarchive.common.errors import YTArchiveError
from ytarchive.common.tracing import TRACE_HEADER
from ytarchive.http.conditions import is_known, requested_part, require_version
from ytarchive.http.guard import SAFE_HEADERS

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

_CONTENT_HEADERS = {
    **SAFE_HEADERS,
    # The browser may cache the bytes, and checks each time whether they have changed.
    "Cache-Control": "private, no-cache",
    # A browser that shows only this file loads it as part of a page of its own.
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; "
    "frame-ancestors 'none'",
    "Accept-Ranges": "bytes",
}
_STALLED = 600.0
"""Seconds after which a client that reads no bytes, such as a paused player, is disconnected."""


async def content_response(
    request: web.Request, content: Content, trace_id: str
) -> web.StreamResponse:
    """Return the answer to a request for content.

    Raises ContentChanged, RangeNotSatisfiable, or an error of opening the content.
    """
    require_version(request, content)
    response = _Streamed(headers={**_CONTENT_HEADERS, TRACE_HEADER: trace_id})
    response.etag = content.etag
    response.last_modified = content.modified
    if is_known(request, content):
        response.set_status(304)
        return response
    part = requested_part(request, content)
    start, stop = part or (0, content.size)
    response.content_length = stop - start
    response.headers[hdrs.CONTENT_TYPE] = content.media_type
    response.headers[hdrs.CONTENT_DISPOSITION] = _disposition(content.name)
    if part is not None:
        response.set_status(206)
        response.headers[hdrs.CONTENT_RANGE] = f"bytes {start}-{stop - 1}/{content.size}"
    if request.method != hdrs.METH_HEAD:
        response.parts = await content.open(start, stop)
    return response


class _Streamed(web.StreamResponse):
    """An answer whose body is sent in parts, after the request's time limit has ended."""

    parts: Parts | None = None

    async def prepare(self, request: web.BaseRequest) -> "AbstractStreamWriter | None":
        """Send the headers and the body. A body that ends early closes the connection."""
        if self.parts is None or self.prepared:
            return await super().prepare(request)
        async with self.parts:
            writer = await super().prepare(request)
            try:
                async for part in self.parts:
                    async with asyncio.timeout(_STALLED):
                        await self.write(part)
            except (YTArchiveError, TimeoutError) as error:
                path = request.rel_url.raw_path
                logger.bind(service="http").warning("{} was interrupted: {!r}", path, error)
                if request.transport is not None:
                    request.transport.abort()  # the status is sent; only this shows it
                raise ConnectionResetError from error
        return writer


def _disposition(name: str) -> str:
    """Return the header that shows a file in the browser, with a name for saving."""
    if name.isascii():
        return f'inline; filename="{name}"'
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
