"""What SQLite says went wrong, as one of our errors."""

import sqlite3
from pathlib import Path

from ytarchive.common.errors import (
    DatabaseCorrupt,
    DatabaseUnsupported,
    DiskFull,
    FileFailure,
    NotWritable,
    YTArchiveError,
)

_CAUSES: dict[int, tuple[type[YTArchiveError], str]] = {
    sqlite3.SQLITE_CORRUPT: (DatabaseCorrupt, "{path} is damaged: {error}"),
    sqlite3.SQLITE_NOTADB: (DatabaseCorrupt, "{path} is damaged: {error}"),
    sqlite3.SQLITE_FULL: (DiskFull, "the disk with {path} is full"),
    sqlite3.SQLITE_READONLY: (NotWritable, "{path} cannot be written: {error}"),
    sqlite3.SQLITE_CANTOPEN: (NotWritable, "{path} cannot be opened: {error}"),
    sqlite3.SQLITE_PERM: (NotWritable, "{path} cannot be written: {error}"),
    sqlite3.SQLITE_IOERR: (FileFailure, "{path} cannot be read or written: {error}"),
    sqlite3.SQLITE_BUSY: (DatabaseUnsupported, "{path} is used by another program: {error}"),
    sqlite3.SQLITE_PROTOCOL: (DatabaseUnsupported, "{path} cannot be locked there: {error}"),
}


def translated(error: Exception, path: Path) -> Exception:
    """What the disk or the file did, by SQLite's result code; any other error as it is.

    A violated constraint or a statement that does not fit the schema is a fault of ours, and must
    look like one.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(error, sqlite3.Error) or code is None:
        return error
    kind, words = _CAUSES.get(code & 0xFF, (None, ""))
    return error if kind is None else kind(words.format(path=path, error=error), path=str(path))
