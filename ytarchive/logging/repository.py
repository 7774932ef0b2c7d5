"""Converts entries to rows of logs.db and back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from pydantic_core import from_json, to_json

from ytarchive.common.cursors import cursor_of, values_of
from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.listing import Listing, read_alone
from ytarchive.common.models import Page, from_micros, to_micros, utc_now
from ytarchive.common.rows import all_readable, left_out
from ytarchive.common.schema import Schema
from ytarchive.common.tracing import is_trace_id
from ytarchive.logging.api import LogEntry, LogLevel, LogQuery
from ytarchive.logging.records import SEVERITY, level_of_number

SCHEMA = Schema(
    package="ytarchive.logging",
    durable=False,
    file="logs.db",
    lost_when_older="its entries are no longer listed; the files in `logs/` still have them",
)

_PURGE_ROWS = 5_000
_LAST = 2**63 - 1
_Number = Annotated[int, Field(ge=-_LAST, le=_LAST)]
_PLACE: TypeAdapter[tuple[int, int]] = TypeAdapter(tuple[_Number, _Number])
"""The time and the id of an entry."""


class LogRepository:
    """The entries of logs.db."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prepare(self) -> None:
        """Prepare the database; called once."""
        await self._database.write(lambda writer: writer.fetch_all("widen_cache"))

    async def insert(self, entries: Sequence[LogEntry]) -> None:
        """Store entries in one transaction."""
        received = to_micros(utc_now())
        await self._database.write(lambda writer: _insert(writer, entries, received))

    async def find(self, query: LogQuery) -> Page[LogEntry]:
        """Return matching entries, newest first. Raises InvalidRequest for an invalid cursor."""
        if query.follow:
            return await self._find_arrived(query)
        statement, values = _statement(query), _parameters(query)

        async def fetch(count: int) -> list[Row]:
            return await self._database.fetch_all(statement, values | {"limit": count})

        return await _ENTRIES.page(query.limit, fetch)

    async def _find_arrived(self, query: LogQuery) -> Page[LogEntry]:
        """Return matching entries in order of arrival, which is the order of row numbers."""
        newest = await self._number("newest_id")
        after = values_of(query.cursor, _PLACE)[1] if query.cursor else newest
        if after > newest:  # all rows were removed, and the numbers start again
            after = 0
        values = _parameters(query.model_copy(update={"cursor": None}))
        bounds = {"after": after, "newest": newest}
        rows = await self._database.fetch_all("find_arrived", values | bounds)
        page = rows[: query.limit]
        last = page[-1]["id"] if len(rows) > query.limit else newest
        with left_out() as skipped:
            items = all_readable(page, _entry, _name)
        return Page(items=items, next_cursor=cursor_of(0, last), skipped=skipped)

    async def purge(self, oldest: datetime, max_bytes: int) -> None:
        """Remove entries before `oldest`, then the oldest entries beyond `max_bytes`.

        Uses small transactions, so that other transactions can run between them.
        """
        while await self._purge_before(oldest) == _PURGE_ROWS:
            pass
        while await self._number("used_bytes") > max_bytes:
            if await self._purge_before(utc_now()) == 0:
                break
        while await self._number("free_pages") > 1_000:
            await self._database.write(lambda writer: writer.fetch_all("release_pages"))

    async def _purge_before(self, oldest: datetime) -> int:
        """Remove old entries among the next few thousand, and return their number."""
        values = {
            "oldest": to_micros(oldest),
            "future": to_micros(utc_now() + timedelta(days=1)),
            "most": _PURGE_ROWS,
        }
        return await self._database.write(lambda writer: _purge(writer, values))

    async def _number(self, query: str) -> int:
        row = await self._database.fetch_one(query)
        return int(row[0]) if row else 0


def _insert(writer: Writer, entries: Sequence[LogEntry], received: int) -> None:
    keys = _trace_keys(writer, {entry.trace_id for entry in entries if entry.trace_id})
    writer.execute_many("save_entry", [_row(entry, keys, received) for entry in entries])


def _trace_keys(writer: Writer, traces: set[str]) -> dict[str, int]:
    if not traces:
        return {}
    values = {"traces": to_json(sorted(traces)).decode()}
    writer.execute("save_traces", values)
    return {row["trace_id"]: row["trace_key"] for row in writer.fetch_all("trace_keys", values)}


def _row(entry: LogEntry, trace_keys: dict[str, int], received: int) -> tuple[Any, ...]:
    """Return the values of `save_entry`, in its order."""
    message = entry.message
    return (
        to_micros(entry.timestamp),
        received,
        entry.service,
        SEVERITY[entry.level],
        message,
        None if message.isascii() else message.casefold(),
        to_json(entry.context).decode() if entry.context else None,
        trace_keys[entry.trace_id] if entry.trace_id else None,
    )


def _entry(row: Row) -> LogEntry:
    return LogEntry(
        timestamp=from_micros(row["time"]),
        service=row["service"],
        level=level_of_number(row["level"]),
        message=row["message"],
        context=from_json(row["context"]) if row["context"] else {},
        trace_id=row["trace_id"] if is_trace_id(row["trace_id"]) else None,
    )


def _name(row: Row) -> str:
    return f"log entry {row['id']}"


def _purge(writer: Writer, values: dict[str, int]) -> int:
    rows = writer.fetch_all("purge_entries", values)
    keys = sorted({row["trace_key"] for row in rows if row["trace_key"] is not None})
    writer.execute("purge_traces", {"keys": to_json(keys).decode()})
    return len(rows)


def _statement(query: LogQuery) -> str:
    """Return the statement whose index selects the fewest rows."""
    if query.trace_id is not None:
        return "find_by_trace"
    if query.level is not None and SEVERITY[query.level] >= SEVERITY[LogLevel.WARNING]:
        return "find_by_severity"
    return "find_by_service" if query.service is not None else "find_by_time"


def _parameters(query: LogQuery) -> dict[str, Any]:
    until = to_micros(query.until) if query.until else _LAST
    end = min((until, _LAST), values_of(query.cursor, _PLACE) if query.cursor else (_LAST, _LAST))
    return {
        "trace_id": query.trace_id,
        "service": query.service,
        "level": SEVERITY[query.level] if query.level else 0,
        "since": to_micros(query.since) if query.since else -_LAST,
        "end_time": end[0],
        "end_id": end[1],
        "text": query.text.casefold() if query.text else None,
        "limit": query.limit + 1,  # one more entry shows whether there is another page
    }


def _place(row: Row) -> tuple[int, int] | None:
    return (row["time"], row["id"]) if isinstance(row["time"], int) else None


_ENTRIES = Listing(
    name=_name,
    place=_place,
    read=read_alone(_entry, _name),
    cursor=lambda place: cursor_of(*place),
)
