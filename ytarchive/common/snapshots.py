"""Whole copies of a database that others are writing to, and whether a copy is sound."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ytarchive.common.sqlite_errors import require_sound, translated


def take(source: Path, target: Path) -> None:
    """Copy a database as it is at one instant, into a single file without a write-ahead log.

    The connection to `source` only reads: it never checkpoints, so the rule of one writer holds. It
    copies in one step, so that a busy writer cannot make it begin again and again. Raises
    DatabaseCorrupt, NotWritable, DiskFull or FileFailure.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as present,
            closing(sqlite3.connect(target, isolation_level=None)) as copy,
        ):
            present.execute("PRAGMA busy_timeout = 10000")
            present.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise translated(error, source) from None


def check(path: Path) -> int:
    """Return the schema version of a database in which everything fits together.

    Raises DatabaseCorrupt, or FileFailure if it cannot be read.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            require_sound(database, path, check="integrity_check")
            [version] = database.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        raise translated(error, path) from None
    return int(version)
