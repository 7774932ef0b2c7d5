"""Changes of a database file that no process uses yet."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ytarchive.common.database import Row, Writer
from ytarchive.common.schema import Schema
from ytarchive.common.sqlite_errors import translated


@contextmanager
def changed(path: Path, schema: Schema) -> Iterator[Writer]:
    """Yield a transaction on a database, which is committed unless the block fails. Blocks.

    Raises DatabaseCorrupt, NotWritable, DiskFull or FileFailure.
    """
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.row_factory = Row
            with connection:
                yield Writer(connection, schema.queries())
    except sqlite3.Error as error:
        raise translated(error, path) from None
