"""Converts SQLite's errors into the project's error classes."""

import re
import sqlite3
from pathlib import Path

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.regular import NotRegularFile, require_regular

log = logger.bind(service="common")

_CAUSES: dict[int, tuple[type[errors.YTArchiveError], str]] = {
    sqlite3.SQLITE_FULL: (errors.DiskFull, "the disk with {path} is full"),
    # the index of the write-ahead log could not grow
    sqlite3.SQLITE_IOERR_SHMSIZE: (errors.DiskFull, "the disk with {path} is full"),
    sqlite3.SQLITE_IOERR_LOCK: (errors.LocksUnavailable, "{path} cannot be locked: {error}"),
    sqlite3.SQLITE_IOERR_RDLOCK: (errors.LocksUnavailable, "{path} cannot be locked: {error}"),
    sqlite3.SQLITE_IOERR_UNLOCK: (errors.LocksUnavailable, "{path} cannot be locked: {error}"),
    sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK: (
        errors.LocksUnavailable,
        "{path} cannot be locked: {error}",
    ),
    sqlite3.SQLITE_READONLY: (errors.NotWritable, "{path} cannot be written: {error}"),
    sqlite3.SQLITE_CANTOPEN: (errors.NotWritable, "{path} cannot be opened: {error}"),
    sqlite3.SQLITE_PERM: (errors.NotWritable, "{path} cannot be written: {error}"),
    sqlite3.SQLITE_IOERR: (errors.StaleShare, "{path} cannot be read or written: {error}"),
    sqlite3.SQLITE_BUSY: (errors.DatabaseUnsupported, "{path} is used by another program: {error}"),
    sqlite3.SQLITE_PROTOCOL: (errors.DatabaseUnsupported, "{path} cannot be locked there: {error}"),
}

DECODING_FAILURES = (UnicodeDecodeError,)
"""Raised by Python instead of an error whose message contains a name that is not UTF-8."""

REFUSED = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError, OverflowError)
"""Messages of statements for values that the table does not allow."""

_WRONG_VALUE = re.compile(r"(CHECK constraint failed|(NULL|NUMERIC|TEXT|non-\w+) value) in ")

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_LOST_WITH = {
    "jobs.db": "the queue and its history are lost then, stored videos are not",
    "metadata.db": "a cache and today's quota count, which start empty",
    "logs.db": "the index of the log, which starts empty; the log files are kept",
}


def damaged(path: Path, cause: str) -> errors.DatabaseCorrupt:
    """Return the error for a damaged database, with the way to restore it."""
    if path.name == "library.db":
        remedy = "`ytarchive rebuild` rebuilds it from the archive's files"
    elif path.name == "search.db":
        remedy = f"stop ytarchive, delete {path}* and start again: it is rebuilt from the files"
    else:
        lost = _LOST_WITH.get(path.name, "its content is lost then")
        remedy = f"`ytarchive restore DIR` brings a backup back, or move {path}* aside ({lost})"
    cause = " ".join(cause.split())
    return errors.DatabaseCorrupt(f"{path} is damaged ({cause}); {remedy}", path=str(path))


def translated(error: Exception, path: Path) -> Exception:
    """Return the project's error for a disk or file error of SQLite; other errors unchanged.

    A violated constraint or a statement that does not fit the schema is a defect of ytarchive and
    stays an SQLite error.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(error, sqlite3.Error) or code is None:
        return error
    if code & 0xFF in _DAMAGED:
        return damaged(path, str(error))
    cause = _CAUSES.get(code) or _CAUSES.get(code & 0xFF)
    if cause is None:
        return error
    kind, words = cause
    return kind(words.format(path=path, error=error), path=str(path))


def require_regular_database(path: Path) -> None:
    """Refuse a FIFO, a device or a folder at the path of a database or its log.

    Raises DatabaseCorrupt, or OSError.
    """
    try:
        for suffix in ("", "-wal", "-shm", "-journal"):
            require_regular(path.with_name(path.name + suffix), follow_links=True)
    except NotRegularFile as error:
        cause = f"{Path(error.filename).name}: {error.strerror}"
        raise damaged(path, cause) from None


def require_sound(
    connection: sqlite3.Connection, path: Path, *, check: str = "quick_check"
) -> None:
    """Read a whole database. Raises DatabaseCorrupt if its structure is damaged.

    Values that do not fit their column are logged; their rows are left out of results.
    """
    found = connection.execute(f"PRAGMA {check}(1000)").fetchall()
    verdicts = [str(row[0]) for row in found if row[0] != "ok"]
    for verdict in verdicts:
        if not _WRONG_VALUE.match(verdict):
            raise damaged(path, verdict)
    for verdict in verdicts[:20]:
        log.error("{}: a row is damaged: {}", path.name, verdict)
