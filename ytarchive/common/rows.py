"""Unreadable database rows: each one is reported by name, and other rows are not affected.

A damaged disk or another program can write any value that SQLite accepts.
"""

import functools
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, TypeVar, get_type_hints

from loguru import logger

from ytarchive.common.database import Row
from ytarchive.common.errors import YTArchiveError
from ytarchive.common.models import from_micros, to_micros

log = logger.bind(service="common")

T = TypeVar("T")

UNREADABLE = (
    *(ValueError, TypeError, LookupError, OverflowError, AttributeError, zlib.error),
    YTArchiveError,
)
"""Exceptions of converting a damaged row into a model (JSON and models: ValueError)."""

_left_out: ContextVar[list[str] | None] = ContextVar("left_out", default=None)


def fields_of(kind: type[Any], row: Row) -> dict[str, Any]:
    """Return the columns of a row that are fields of a model or dataclass.

    Times are returned as `datetime`, numbers of a `bool` field as `bool`.
    """
    readers = _readers(kind)  # type: ignore[arg-type]  # a class is hashable
    return {name: readers[name](row[name]) for name in row.keys() if name in readers}  # noqa: SIM118  # a Row iterates over its values


@functools.cache
def _readers(kind: Any) -> dict[str, Callable[[Any], Any]]:
    """Return how the column of each field is read."""
    return {name: _reader(hint) for name, hint in get_type_hints(kind).items()}


def _reader(hint: Any) -> Callable[[Any], Any]:
    if hint is bool:
        return bool
    return moment_of if "datetime.datetime" in str(hint) else lambda value: value


def row_of(value: object) -> dict[str, Any]:
    """Return the fields of a model or dataclass as columns; times as microseconds."""
    columns = vars(value).items()
    return {name: to_micros(v) if isinstance(v, datetime) else v for name, v in columns}


def moment_of(value: int | None) -> datetime | None:
    """Return the time in a column, which may have none."""
    return None if value is None else from_micros(value)


def readable(row: Row, read: Callable[[Row], T], name: str) -> T | None:
    """Return the result of `read` for a row; None, with a warning in the log, if it is damaged.

    `name` identifies the row.
    """
    try:
        return read(row)
    except UNREADABLE as error:
        leave_out(name, str(error))
        return None


def leave_out(name: str, cause: str) -> None:
    """Report an unreadable row in the log and in the page that is being built."""
    shortened = " ".join(cause.split())[:200]
    log.warning("{}: its database row cannot be read and is left out: {}", name, shortened)
    names = _left_out.get()
    if names is not None and name not in names and len(names) < 1000:
        names.append(name)


@contextmanager
def left_out() -> Iterator[list[str]]:
    """Collect the names of rows that are left out in the block."""
    names: list[str] = []
    token = _left_out.set(names)
    try:
        yield names
    finally:
        _left_out.reset(token)


def all_readable(
    rows: Iterable[Row], read: Callable[[Row], T], name: Callable[[Row], str]
) -> list[T]:
    """Return the result of `read` for each undamaged row. `name` identifies a row."""
    found = (readable(row, read, name(row)) for row in rows)
    return [value for value in found if value is not None]
