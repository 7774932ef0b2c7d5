"""Rows of databases that cannot be read: each is reported by name, and no other row suffers.

A damaged disk or another program can change a row into anything that SQLite still accepts.
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
"""What turning a row into a model raises if the row is damaged (JSON and models: ValueError)."""

_MOST_NAMED = 1000
_left_out: ContextVar[list[str] | None] = ContextVar("left_out", default=None)
_SPACE = re.compile(r"\s+")


def readable(row: Row, read: Callable[[Row], T], name: str) -> T | None:
    """Return what `read` makes of a row; None, with a warning in the log, if it is damaged.

    `name` says which row it is.
    """
    try:
        return read(row)
    except UNREADABLE as error:
        leave_out(name, str(error))
        return None


def leave_out(name: str, cause: str) -> None:
    """Report a row that cannot be read: in the log, and in the page that is being made."""
    told = _SPACE.sub(" ", cause)[:200]
    log.warning("{}: its database row cannot be read and is left out: {}", name, told)
    names = _left_out.get()
    if names is not None and name not in names and len(names) < _MOST_NAMED:
        names.append(name)


@contextmanager
def left_out() -> Iterator[list[str]]:
    """Collect the names of the rows that the block leaves out."""
    names: list[str] = []
    token = _left_out.set(names)
    try:
        yield names
    finally:
        _left_out.reset(token)


def all_readable(
    rows: Iterable[Row], read: Callable[[Row], T], name: Callable[[Row], str]
) -> list[T]:
    """Return what `read` makes of each row that is not damaged. `name` says which row it is."""
    found = (readable(row, read, name(row)) for row in rows)
    return [value for value in found if value is not None]
