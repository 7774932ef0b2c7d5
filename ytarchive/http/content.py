"""Answers with bytes, complete or in part, with headers for browsers and caches.

Conditional requests and parts follow RFC 9110, sections 13 and 14.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import ETag, hdrs, web
from loguru import logger

from ytarchive.common.content import Content, Parts
from ytarchive.common.errors import ContentChanged, RangeNotSatisfiable, YTArchiveError
from ytarchive.common.tracing import TRACE_HEADER
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


_RANGE = re.compile(r"bytes=[ \t]*(\d{0,19})-(\d{0,19})[ \t]*", re.ASCII | re.IGNORECASE)


def require_version(request: web.Request, content: Content) -> None:
    """Raise ContentChanged if the request requires another version (`If-Match` and similar)."""
    wanted, since = request.if_match, request.if_unmodified_since
    if wanted is not None:
        is_wanted = _is_among(content, wanted, weak=False)
    else:
        is_wanted = since is None or content.modified <= since
    if not is_wanted:
        raise ContentChanged


def is_known(request: web.Request, content: Content) -> bool:
    """Return whether the client already has this version (`If-None-Match` and similar)."""
    known, since = request.if_none_match, request.if_modified_since
    if known is not None:
        return _is_among(content, known, weak=True)
    return since is not None and content.modified <= since


def requested_part(request: web.Request, content: Content) -> tuple[int, int] | None:
    """Return the requested part as start and exclusive end; None for everything.

    None also for a range that is invalid, has several parts, or is of another version (`If-Range`).
    Raises RangeNotSatisfiable.
    """
    header = request.headers.get(hdrs.RANGE)
    if header is None or request.method != hdrs.METH_GET or not _is_of_version(request, content):
        return None
    return byte_range(header, content.size)


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the bytes that a `Range` header requests. Raises RangeNotSatisfiable."""
    found = _RANGE.fullmatch(header)
    if found is None or not any(found.groups()):
        return None
    first, last = (int(text) if text else None for text in found.groups())
    if first is None:
        length = min(last or 0, size)
        start, stop = size - length, size
    else:
        if last is not None and last < first:
            return None
        start, stop = first, size if last is None else min(last + 1, size)
    if start >= stop:
        raise RangeNotSatisfiable(f"the file has {size} bytes", size=size)
    return start, stop


def _is_of_version(request: web.Request, content: Content) -> bool:
    wanted = request.headers.get(hdrs.IF_RANGE)
    return wanted is None or wanted == f'"{content.etag}"' or request.if_range == content.modified


def _is_among(content: Content, tags: Sequence[ETag], *, weak: bool) -> bool:
    return any(
        tag.value == "*" or (tag.value == content.etag and (weak or not tag.is_weak))
        for tag in tags
    )
