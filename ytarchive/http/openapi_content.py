"""The OpenAPI description of operations that answer with content or events."""

from typing import Any

from aiohttp import hdrs

from ytarchive.common.tracing import TRACE_HEADER

Document = dict[str, Any]

_TEXT = {"type": "string"}


def _headers(*names: str) -> Document:
    return {name: {"schema": _TEXT} for name in names}


_VERSION = _headers(hdrs.ETAG, hdrs.LAST_MODIFIED, TRACE_HEADER)
_BYTES: Document = {
    "headers": {
        **_VERSION,
        **_headers(hdrs.ACCEPT_RANGES, hdrs.CONTENT_DISPOSITION),
        hdrs.CONTENT_LENGTH: {"schema": {"type": "integer"}},
    },
    "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
}

CONTENT_PARAMETERS: list[Document] = [
    {"name": name, "in": "header", "required": False, "description": text, "schema": _TEXT}
    for name, text in (
        (str(hdrs.RANGE), "A part of the bytes, as `bytes=0-499`, `bytes=500-` or `bytes=-500`"),
        (str(hdrs.IF_RANGE), "Send the part only of this version, otherwise everything"),
        (str(hdrs.IF_NONE_MATCH), "Versions that the client has; they are not sent again"),
        (str(hdrs.IF_MODIFIED_SINCE), "Send only a later version"),
        (str(hdrs.IF_MATCH), "Refuse other versions"),
    )
]
CONTENT_RESPONSES: Document = {
    "200": {"description": "All bytes", **_BYTES},
    "206": {
        "description": "A part of the bytes",
        "headers": {**_BYTES["headers"], **_headers(hdrs.CONTENT_RANGE)},
        "content": _BYTES["content"],
    },
    "304": {"description": "The client has this version", "headers": _VERSION},
}
"""HEAD gets the same headers without the bytes."""


EVENTS_PARAMETERS: list[Document] = [
    {
        "name": "Last-Event-ID",
        "in": "header",
        "required": False,
        "description": "Resume after this event, as `last_event_id`; browsers send it",
        "schema": _TEXT,
    }
]


def events_responses(sent: Document) -> Document:
    """Return the answer of a stream whose events have the id and the event of `sent`."""
    content = {"text/event-stream": {"schema": sent}}
    text = "Server-sent events: `id` is the id, `data` the event as JSON, `event` its kind"
    return {"200": {"description": text, "headers": _headers(TRACE_HEADER), "content": content}}
