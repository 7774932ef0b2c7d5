"""Converts loguru's records into log entries."""

import re
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from pydantic_core import to_json

from ytarchive.common.tracing import current_trace_id, is_trace_id
from ytarchive.logging.api import LogEntry, LogLevel
from ytarchive.logging.masking import mask, mask_value, may_hold_secrets

if TYPE_CHECKING:
    from loguru import Record  # exists for type checkers only

DEFAULT_SERVICE = "ytarchive"

_LONGEST_MESSAGE = 65_536
_SERVICE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
SEVERITY = {level: 10 * number for number, level in enumerate(LogLevel, start=1)}
"""A level's number: 10 for DEBUG to 50 for CRITICAL, as in the standard library."""
_serializer = TypeAdapter(LogEntry).serializer


_LARGEST_INTEGER = 2**63 - 1
_CUT = "…"


def readable(value: Any) -> Any:
    """Return `value` as JSON; deep, large and recursive values are cut."""
    return _Reading().read(value)


def unicode(text: str) -> str:
    """Return `text` without lone surrogates, which file names that are not UTF-8 contain."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def text_of(value: object) -> str:
    """Return `str(value)`, or the type of a value whose `str` fails."""
    try:
        return unicode(str(value))
    except Exception as error:  # an entry must not be lost because `str` fails
        return f"<{type(value).__name__}: {type(error).__name__}>"


class _Reading:
    """Converts one value to JSON."""

    def __init__(self) -> None:
        self._left = 100_000
        self._above: set[int] = set()

    def read(self, value: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            return _CUT
        match value:
            case dict():
                return self._within(value, self._fields)
            case list() | tuple() | set() | frozenset():
                return self._within(value, self._items)
            case _:
                return _scalar(value)

    def _within(self, value: Any, read: Callable[[Any], Any]) -> Any:
        if id(value) in self._above:
            return "<contains itself>"
        if len(self._above) >= 64:
            return _CUT
        self._above.add(id(value))
        try:
            return read(value)
        finally:
            self._above.discard(id(value))

    def _fields(self, value: dict[Any, Any]) -> dict[str, Any]:
        return {text_of(key): self.read(inner) for key, inner in value.items() if self._left > 0}

    def _items(self, value: Any) -> list[Any]:
        return [self.read(inner) for inner in value if self._left >= 0]


def _scalar(value: Any) -> Any:
    match value:
        case bool() | None:
            return value
        case int() if abs(value) <= _LARGEST_INTEGER:
            return int(value)
        case float() if isfinite(value):
            return float(value)
        case _:
            return text_of(value)


def complete(record: "Record") -> None:
    """Add service and trace id to a record, in the context of the logging call."""
    extra = record["extra"]
    extra.setdefault("service", DEFAULT_SERVICE)
    extra.setdefault("trace_id", current_trace_id())


def entry_of(record: "Record") -> LogEntry:
    """Return a completed record as an entry, without any secret."""
    return LogEntry(
        timestamp=record["time"],
        service=service_of(record),
        level=level_of(record),
        message=mask(unicode(record["message"]))[:_LONGEST_MESSAGE],
        context=_context_of(record),
        trace_id=_trace_of(record),
    )


def _context_of(record: "Record") -> dict[str, Any]:
    extra = record["extra"]
    context = {name: extra[name] for name in extra if name not in {"service", "trace_id"}}
    found: dict[str, Any] = mask_value(readable(context)) if context else {}
    if record["exception"] is not None:
        # Masked before it is cut: half of a secret would not be recognised.
        found["exception"] = mask(traceback_of(record))[-16_384:]
    return found


def _trace_of(record: "Record") -> str | None:
    trace_id = record["extra"].get("trace_id")
    return trace_id if is_trace_id(trace_id) else current_trace_id()


def masked(entries: Sequence[LogEntry]) -> list[LogEntry]:
    """Return submitted entries without secrets, converted to JSON and UTF-8."""
    shown = [_shown(entry) for entry in entries]
    suspicious = may_hold_secrets([text for _, text in shown])
    return [
        _masked(entry) if is_suspicious else entry
        for (entry, _), is_suspicious in zip(shown, suspicious, strict=True)
    ]


def _shown(entry: LogEntry) -> tuple[LogEntry, str]:
    """Return an entry and all of its text that may contain a secret."""
    if not entry.context:
        return entry, entry.message
    try:
        return entry, entry.message + to_json(entry.context).decode()
    except ValueError:  # the context is recursive or not UTF-8
        return _masked(entry), ""


def _masked(entry: LogEntry) -> LogEntry:
    message = mask(entry.message)[:_LONGEST_MESSAGE]
    context = mask_value(readable(entry.context))
    return entry.model_copy(update={"message": message, "context": context})


def dated(entry: LogEntry, now: datetime) -> LogEntry:
    """Return an entry from outside; a future time is replaced by now and recorded in the context.

    Until that time the entry would be listed before all newer entries.
    """
    if entry.timestamp <= now + timedelta(minutes=1):
        return entry
    context = entry.context | {"stated_timestamp": entry.timestamp.isoformat()}
    return entry.model_copy(update={"timestamp": now, "context": context})


def line_of(entry: LogEntry) -> bytes:
    """Return an entry as a line of JSON."""
    return _serializer.to_json(entry) + b"\n"


def service_of(record: "Record") -> str:
    """Return the service of a record."""
    service = text_of(record["extra"].get("service", ""))
    return service if _SERVICE.fullmatch(service) else DEFAULT_SERVICE


def level_of(record: "Record") -> LogLevel:
    """Return a record's level; loguru's own levels (TRACE, SUCCESS) become the next lower one."""
    return level_of_number(record["level"].no)


def level_of_number(number: int) -> LogLevel:
    """Return the highest level that is not above `number`."""
    reached = [level for level, least in SEVERITY.items() if least <= number]
    return reached[-1] if reached else LogLevel.DEBUG


def traceback_of(record: "Record") -> str:
    """Return a record's traceback without values of variables, or an empty text."""
    failure = record["exception"]
    if failure is None or failure.value is None:
        return ""
    lines = traceback.format_exception(failure.type, failure.value, failure.traceback)
    return unicode("".join(lines))
