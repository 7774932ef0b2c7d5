"""Conditional requests and parts of content (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import Sequence

from aiohttp import ETag, hdrs, web

from ytarchive.common.content import Content
from ytarchive.common.errors import ContentChanged, RangeNotSatisfiable

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
