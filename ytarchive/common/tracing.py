"""The trace id: one for each external request, recorded in every call and log entry."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from uuid_utils import uuid4

_trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)
_ACCEPTED = re.compile(r"[A-Za-z0-9_.:-]{1,128}")

TRACE_HEADER = "X-Trace-Id"


def new_trace_id() -> str:
    """Return a new trace id (uuid4)."""
    return str(uuid4())


def is_trace_id(value: object) -> bool:
    """Return whether a text has the form of a trace id."""
    return isinstance(value, str) and _ACCEPTED.fullmatch(value) is not None


def current_trace_id() -> str | None:
    """Return the trace id of the running code."""
    return _trace_id.get()


@contextmanager
def trace(trace_id: str | None) -> Iterator[str]:
    """Run the block under `trace_id`; a missing or invalid id is replaced by a new one."""
    usable = trace_id if trace_id and is_trace_id(trace_id) else new_trace_id()
    token = _trace_id.set(usable)
    try:
        yield usable
    finally:
        _trace_id.reset(token)
