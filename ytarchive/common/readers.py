"""Read-only connections to one SQLite file.

An open cursor keeps its connection on an old snapshot: later reads would not see later commits. The
exception of a failed read references its cursor, so the connection is replaced.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import aiosqlite

from ytarchive.common.sqlite_errors import DECODING_FAILURES, damaged, translated

Row = sqlite3.Row
Parameters = Mapping[str, Any] | Sequence[Any]


def tolerant_text(stored: bytes) -> str:
    """Return a text value of a database, with U+FFFD in place of bytes that are not UTF-8.

    Without it, one such byte makes every query fail that reads its row.
    """
    return stored.decode("utf-8", "replace")


def rows_of(connection: sqlite3.Connection, sql: str, parameters: Parameters) -> list[Row]:
    """Return all rows of a statement, and close its cursor in any case."""
    with closing(connection.cursor()) as cursor:
        return cursor.execute(sql, parameters).fetchall()


class Readers:
    """Up to `count` read-only connections, each opened at its first use.

    Their queries can call `functions`.
    """

    def __init__(self, path: Path, functions: Mapping[str, Callable[..., Any]], count: int) -> None:
        self._path = path
        self._functions = functions
        self._count = count
        self._free: asyncio.Queue[aiosqlite.Connection | None] = asyncio.Queue()
        for _ in range(count):
            self._free.put_nowait(None)

    async def select(self, sql: str, parameters: Parameters) -> list[Row]:
        """Return all rows of a query. Raises DatabaseCorrupt or another database error."""
        connection = await self._free.get()
        try:
            if connection is None:
                connection = await self._connect()
            return list(await connection.execute_fetchall(sql, parameters))
        except (*DECODING_FAILURES, sqlite3.Error) as error:
            failed, connection = connection, None
            if failed is not None:
                await failed.close()
            raise self._translated(error) from None
        finally:
            self._free.put_nowait(connection)

    async def close(self) -> None:
        """Finish the running queries, then close every connection."""
        for _ in range(self._count):
            connection = await self._free.get()
            if connection is not None:
                await connection.close()

    def _translated(self, error: Exception) -> Exception:
        if isinstance(error, sqlite3.Error):
            return translated(error, self._path)
        # A message of SQLite without result code.
        return damaged(self._path, str(error))

    async def _connect(self) -> aiosqlite.Connection:
        """Return a prepared connection; close it if the caller is cancelled.

        A connection that is being opened cannot be cancelled: its thread would outlive the event
        loop, or keep the process from ending.
        """
        opening = asyncio.ensure_future(self._opened())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait({opening})
            if opening.exception() is None:
                await opening.result().close()
            raise

    async def _opened(self) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            await self._prepare(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _prepare(self, connection: aiosqlite.Connection) -> None:
        connection.row_factory = sqlite3.Row
        connection.text_factory = tolerant_text
        await connection.execute_fetchall("PRAGMA temp_store = MEMORY")  # TMPDIR may be full
        for name, function in self._functions.items():
            await connection.create_function(name, -1, function, deterministic=True)
