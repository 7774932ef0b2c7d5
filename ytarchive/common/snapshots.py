"""Copies of databases that are in use, and checks of the copies."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ytarchive.common.sqlite_errors import require_sound, translated


def take(source: Path, target: Path, change: str = "") -> None:
    """Copy a consistent snapshot of a database into a single file without a write-ahead log.

    The connection to `source` only reads and never checkpoints, so there is still one writer. The
    copy is one step, so that a busy writer cannot restart it. `change`: a statement that is
    executed in the copy. Raises DatabaseCorrupt, NotWritable, DiskFull or FileFailure.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as present,
            closing(sqlite3.connect(target, isolation_level=None)) as copy,
        ):
            present.execute("PRAGMA busy_timeout = 10000")
            present.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode = DELETE")
            if change:
                copy.execute(change)
    except sqlite3.Error as error:
        raise translated(error, source) from None


def put(source: Path, target: sqlite3.Connection) -> None:
    """Replace the content of an open database by that of a closed file, in one commit."""
    with closing(sqlite3.connect(source)) as new:
        new.backup(target, pages=-1)


def check(path: Path) -> int:
    """Check the integrity of a database and return its schema version.

    Raises DatabaseCorrupt, or FileFailure if it cannot be read.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            require_sound(database, path, check="integrity_check")
            [version] = database.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        raise translated(error, path) from None
    return int(version)
