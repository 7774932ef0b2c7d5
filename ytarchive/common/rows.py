"""Unreadable database rows: each one is reported by name, and other rows are not affected.

A damaged disk or another program can write any value that SQLite accepts.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from loguru import logger

from ytarchive.common.database import Row
from ytarchive.common.errors import YTArchiveError

log = logger.bind(service="common")

T = TypeVar("T")

UNREADABLE = (
    *(ValueError, TypeError, LookupError, OverflowError, AttributeError, zlib.error),
    YTArchiveError,
)
"""Exceptions of converting a damaged row into a model (JSON and models: ValueError)."""

_MOST_NAMED = 1000
_left_out: ContextVar[list[str] | None] = ContextVar("left_out", default=None)
_SPACE = re.compile(r"\s+")


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
    shortened = _SPACE.sub(" ", cause)[:200]
    log.warning("{}: its database row cannot be read and is left out: {}", name, shortened)
    names = _left_out.get()
    if names is not None and name not in names and len(names) < _MOST_NAMED:
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
