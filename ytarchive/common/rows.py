"""Rows of databases that cannot be read: each is reported by name, and no other row suffers.

A damaged disk or another program can change a row into anything that SQLite still accepts.
"""

import re
import zlib
from collections.abc import Callable, Iterable
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

_SPACE = re.compile(r"\s+")


def readable(row: Row, read: Callable[[Row], T], name: str) -> T | None:
    """Return what `read` makes of a row; None, with a warning in the log, if it is damaged.

    `name` says which row it is.
    """
    try:
        return read(row)
    except UNREADABLE as error:
        cause = _SPACE.sub(" ", str(error))[:200]
        log.warning("{}: its database row cannot be read and is left out: {}", name, cause)
        return None


def all_readable(
    rows: Iterable[Row], read: Callable[[Row], T], name: Callable[[Row], str]
) -> list[T]:
    """Return what `read` makes of each row that is not damaged. `name` says which row it is."""
    found = (readable(row, read, name(row)) for row in rows)
    return [value for value in found if value is not None]
