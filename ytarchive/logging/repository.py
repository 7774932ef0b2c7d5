"""Entries as rows of logs.db, and back."""

import base64
import struct
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic_core import from_json, to_json

from ytarchive.common.database import Database, Row, Schema, Writer
from ytarchive.common.errors import InvalidRequest
from ytarchive.common.models import Page, from_micros, to_micros
from ytarchive.logging.api import LogEntry, LogLevel, LogQuery

SCHEMA = Schema(package="ytarchive.logging", durable=False)
SEVERITY = {level: 10 * number for number, level in enumerate(LogLevel, start=1)}

_LEVELS = {number: level for level, number in SEVERITY.items()}
_PURGED_AT_ONCE = 5_000
_PAGES_AT_ONCE = 1_000
_END_OF_TIME = 2**62
_CURSOR = struct.Struct(">qq")


class LogRepository:
    """The entries of logs.db."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def widen_cache(self) -> None:
        """Give the writing connection room for the pages of the indexes."""
        await self.database.write(lambda writer: writer.fetch_all("widen_cache"))

    async def insert(self, entries: Sequence[LogEntry]) -> None:
        """Store entries in one transaction."""

        def insert(writer: Writer) -> None:
            writer.execute_many("insert_entry", [_row(entry) for entry in entries])

        await self.database.write(insert)

    async def find(self, query: LogQuery) -> Page[LogEntry]:
        """Entries that match, newest first. Raises InvalidRequest for a bad cursor."""
        rows = await self.database.fetch_all(_way(query), _values(query))
        shown = rows[: query.limit]
        more = len(rows) > query.limit
        return Page(
            items=[_entry(row) for row in shown],
            next_cursor=_cursor_after(shown[-1]) if more else None,
        )

    async def purge(self, before: datetime) -> None:
        """Remove entries older than `before`, a piece at a time, and give their room back."""
        values = {"before": to_micros(before), "limit": _PURGED_AT_ONCE}
        while await self.database.execute("delete_oldest", values) == _PURGED_AT_ONCE:
            pass
        await self.database.write(_release_pages)


def _release_pages(writer: Writer) -> None:
    """Give room back to the disk; SQLite's Python driver frees a page a call."""
    for _ in range(_PAGES_AT_ONCE):
        free = writer.fetch_one("count_free_pages")
        if free is None or not free[0]:
            return
        writer.fetch_all("free_page")


def _row(entry: LogEntry) -> dict[str, Any]:
    return {
        "time": to_micros(entry.timestamp),
        "service": entry.service,
        "level": SEVERITY[entry.level],
        "message": entry.message,
        "context": to_json(entry.context, fallback=str).decode() if entry.context else None,
        "trace_id": entry.trace_id,
        "trace_key": _trace_key(entry.trace_id),
    }


def _entry(row: Row) -> LogEntry:
    return LogEntry(
        timestamp=from_micros(row["time"]),
        service=row["service"],
        level=_LEVELS[row["level"]],
        message=row["message"],
        context=from_json(row["context"]) if row["context"] else {},
        trace_id=row["trace_id"],
    )


def _trace_key(trace_id: str | None) -> int | None:
    return None if trace_id is None else zlib.crc32(trace_id.encode())


def _way(query: LogQuery) -> str:
    """The query that walks the index which leaves the fewest rows to look at."""
    if query.trace_id is not None:
        return "find_by_trace"
    if query.level is not None and SEVERITY[query.level] >= SEVERITY[LogLevel.WARNING]:
        return "find_severe"
    return "find_by_service" if query.service is not None else "find_by_time"


def _values(query: LogQuery) -> dict[str, Any]:
    until = to_micros(query.until) if query.until else _END_OF_TIME
    below_id = _END_OF_TIME
    if query.cursor is not None:
        until, below_id = _read_cursor(query.cursor)
    return {
        "trace_id": query.trace_id,
        "trace_key": _trace_key(query.trace_id),
        "service": query.service,
        "level": SEVERITY[query.level] if query.level else 0,
        "since": to_micros(query.since) if query.since else -_END_OF_TIME,
        "until": until,
        "below_id": below_id,
        "pattern": _pattern(query.text) if query.text else None,
        "limit": query.limit + 1,
    }


def _pattern(text: str) -> str:
    """A GLOB pattern that finds `text` anywhere, whatever its case."""
    return f"*{''.join(map(_either_case, text))}*"


def _either_case(letter: str) -> str:
    forms = {letter, letter.lower(), letter.upper()}
    single = sorted(form for form in forms if len(form) == 1)
    return f"[{''.join(single)}]" if len(single) > 1 or letter in "*?[" else letter


def _cursor_after(row: Row) -> str:
    return base64.urlsafe_b64encode(_CURSOR.pack(row["time"], row["id"])).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[int, int]:
    try:
        time, row_id = _CURSOR.unpack(base64.urlsafe_b64decode(text + "=="))
    except (ValueError, struct.error):
        why = "not a cursor that was given out"
        raise InvalidRequest(f"cursor: {why}", fields={"cursor": why}) from None
    return time, row_id
