"""Read-only connections to one SQLite file.

A cursor that is not closed keeps its connection on the snapshot at which the cursor began: later
reads would not see later commits. So every cursor is closed, also after a failed read.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self

from ytarchive.common.sqlite_errors import DECODING_FAILURES, damaged, translated

Row = sqlite3.Row
Parameters = Mapping[str, Any] | Sequence[Any]


def tolerant_text(stored: bytes) -> str:
    """Return a text value of a database, with U+FFFD in place of bytes that are not UTF-8.

    Without it, one such byte makes every query fail that reads its row.
    """
    return stored.decode("utf-8", "replace")


def rows_of(connection: sqlite3.Connection, sql: str, parameters: Parameters) -> list[Row]:
    """Return all rows of a statement, and close its cursor whatever happens."""
    with closing(connection.cursor()) as cursor:
        return cursor.execute(sql, parameters).fetchall()


class Readers:
    """A fixed number of read-only connections, each used by one thread at a time."""

    def __init__(self, path: Path, connections: Sequence[sqlite3.Connection]) -> None:
        self._path = path
        self._connections = connections
        self._free: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        for connection in connections:
            self._free.put(connection)
        self._threads = ThreadPoolExecutor(len(connections), f"sqlite-read-{path.stem}")

    @classmethod
    def open(cls, path: Path, functions: Mapping[str, Callable[..., Any]], count: int) -> Self:
        """Open `count` connections; their queries can call `functions`. Raises sqlite3.Error."""
        return cls(path, [_connect(path, functions) for _ in range(count)])

    async def select(self, sql: str, parameters: Parameters) -> list[Row]:
        """Return all rows of a query. Raises DatabaseCorrupt or another database error."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._select, sql, parameters)

    async def close(self) -> None:
        """Finish the queries that have begun, then close every connection."""
        await asyncio.to_thread(self._threads.shutdown)
        for connection in self._connections:
            connection.close()

    def _select(self, sql: str, parameters: Parameters) -> list[Row]:
        connection = self._free.get()
        try:
            return rows_of(connection, sql, parameters)
        except DECODING_FAILURES as error:  # in a message of SQLite, which has no result code
            raise damaged(self._path, str(error)) from None
        except sqlite3.Error as error:
            raise translated(error, self._path) from None
        finally:
            self._free.put(connection)


def _connect(path: Path, functions: Mapping[str, Callable[..., Any]]) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.text_factory = tolerant_text
    for name, function in functions.items():
        connection.create_function(name, -1, function, deterministic=True)
    return connection
