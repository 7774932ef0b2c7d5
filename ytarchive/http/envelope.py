"""The envelope of every answer, as bytes."""

import weakref
from typing import Any

from aiohttp import hdrs, web
from pydantic import TypeAdapter

from ytarchive.common import errors
from ytarchive.common.json_text import dumped, json_bytes
from ytarchive.common.models import ErrorDetail, Model
from ytarchive.common.tracing import TRACE_HEADER
from ytarchive.http.guard import SAFE_HEADERS

JSON = "application/json"


class _AnswerCache:
    """A cache of the bytes of answers, as long as a service keeps their objects.

    Models are frozen, so the same object has the same bytes; an entry ends with its object.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Model], bytes]] = {}

    def json(self, adapter: TypeAdapter[Any], value: Any) -> bytes:
        """Return `value` as JSON; the bytes of a cached model are reused."""
        key = id(value)
        known = self._known.get(key)
        if known is not None and known[0]() is value:
            return known[1]
        data = dumped(adapter, value)
        if isinstance(value, Model):
            self._known[key] = weakref.ref(value, lambda _: self._known.pop(key, None)), data
        return data


_answers = _AnswerCache()


def success(adapter: TypeAdapter[Any], value: Any, trace_id: str, status: int) -> web.Response:
    """Return `value` in the envelope, serialised once, directly to bytes."""
    data = _answers.json(adapter, value)
    body = b'{"success":true,"data":%b,"error":null,"trace_id":"%b"}' % (data, trace_id.encode())
    return answer(body, trace_id, status)


def failure(error: errors.YTArchiveError, trace_id: str) -> web.Response:
    """Return `error` in the envelope; its `details` contain the remedy."""
    detail = json_bytes(_with_remedy(error), fallback=str)
    body = b'{"success":false,"data":null,"error":%b,"trace_id":"%b"}' % (detail, trace_id.encode())
    response = answer(body, trace_id, error.status)
    if isinstance(error, errors.TokenRequired):
        response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    if isinstance(error, errors.MethodNotAllowed) and "allow" in error.details:
        response.headers[hdrs.ALLOW] = ", ".join(error.details["allow"])
    if isinstance(error, errors.RangeNotSatisfiable) and "size" in error.details:
        response.headers[hdrs.CONTENT_RANGE] = f"bytes */{error.details['size']}"
    return response


def _with_remedy(error: errors.YTArchiveError) -> ErrorDetail:
    detail = error.detail()
    details = {"remedy": error.remedy, **(detail.details or {})}
    return detail.model_copy(update={"details": details})


def answer(body: bytes, trace_id: str, status: int = 200, media_type: str = JSON) -> web.Response:
    """Return an answer with the common headers."""
    headers = {**SAFE_HEADERS, TRACE_HEADER: trace_id, hdrs.CONTENT_TYPE: media_type}
    return web.Response(body=body, status=status, headers=headers)
