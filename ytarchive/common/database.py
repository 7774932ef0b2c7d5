"""SQLite for one service: one connection writes, read-only connections read.

SQLite 3.7.0 to 3.51.2 can lose commits when two connections write and checkpoint at the same
instant, so exactly one connection per file writes. A transaction is a plain function that runs in
the writer's thread; transactions that arrive during a commit share the next commit, because a
commit costs a sync of the disk and a row hardly anything.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from loguru import logger

from ytarchive.common import errors, snapshots, swap
from ytarchive.common.disk import unusable
from ytarchive.common.file_lock import FileLock
from ytarchive.common.grouping import Grouped
from ytarchive.common.readers import Readers, rows_of, tolerant_text
from ytarchive.common.reserve import Reserve
from ytarchive.common.schema import Queries, Schema, create, require_version, set_aside_older
from ytarchive.common.sqlite_errors import (
    DECODING_FAILURES,
    damaged,
    require_regular_database,
    require_sound,
    translated,
)

T = TypeVar("T")
Row = sqlite3.Row
Transaction = Callable[["Writer"], T]
Parameters = Mapping[str, Any]


class Writer:
    """Runs named statements of a transaction on the writing connection."""

    def __init__(self, connection: sqlite3.Connection, queries: Queries) -> None:
        self.connection = connection
        self._queries = queries

    def execute(self, name: str, parameters: Parameters | None = None) -> int:
        """Run a statement and return the number of changed rows."""
        with closing(self.connection.cursor()) as cursor:
            return cursor.execute(self._queries[name], parameters or {}).rowcount

    def execute_many(self, name: str, rows: Iterable[Parameters | Sequence[Any]]) -> int:
        """Run a statement for each of `rows` and return the number of changed rows.

        For a statement with numbered parameters (`?1`) each row is a sequence of values.
        """
        with closing(self.connection.cursor()) as cursor:
            return cursor.executemany(self._queries[name], rows).rowcount

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Roll back the block, and not the rest of the transaction, if the block fails."""
        self.connection.execute("SAVEPOINT inner").close()
        try:
            yield
        except Exception:
            if self.connection.in_transaction:  # otherwise SQLite has rolled back the transaction
                self.connection.execute("ROLLBACK TO inner").close()
                self.connection.execute("RELEASE inner").close()
            raise
        self.connection.execute("RELEASE inner").close()

    def fetch_one(self, name: str, parameters: Parameters | None = None) -> Row | None:
        """Return the first row of a query."""
        with closing(self.connection.cursor()) as cursor:
            row: Row | None = cursor.execute(self._queries[name], parameters or {}).fetchone()
            return row

    def fetch_all(self, name: str, parameters: Parameters | None = None) -> list[Row]:
        """Return all rows of a query."""
        return rows_of(self.connection, self._queries[name], parameters or {})


class Database:
    """One service's SQLite file. Open it with `async with await Database.open(...)`."""

    def __init__(
        self,
        lock: FileLock,
        queries: Queries,
        connection: sqlite3.Connection,
        readers: Readers,
    ) -> None:
        self.path = path = lock.path
        self._lock = lock
        self._queries = queries
        self._writer = Writer(connection, queries)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"sqlite-{path.stem}")
        self._commits = Grouped[Transaction[Any], Any](
            self._commit_next, most=1000, executor=self._thread
        )
        self._readers = readers
        self._reserve = Reserve(path.parent)
        self._closed = False
        self.version = 0
        """Increased by every commit, before its callers are notified: data read at the same version
        is current.
        """

    @classmethod
    async def open(cls, path: Path, schema: Schema) -> Self:
        """Open or create the file, and check it. A file of an older schema is set aside.

        Raises StateLocked, DatabaseCorrupt, DatabaseUnsupported, NotWritable or DiskFull.
        """
        lock, connection = await asyncio.to_thread(_locked, path, schema)
        return cls(lock, schema.queries(), connection, Readers(path, schema.functions, 2))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Finish the waiting transactions, then close every connection. Can be called twice."""
        if self._closed:
            return
        self._closed = True
        await self._commits.finish()
        await self._readers.close()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._writer.connection.close)
        self._lock.release()
        self._thread.shutdown(wait=True)

    async def write(self, transaction: Transaction[T]) -> T:
        """Run `transaction` in the writer's thread and return its result after the commit.

        An exception rolls back this transaction and no other transaction of the same commit.
        """
        self._require_open()
        result: T = await self._commits.run(transaction)
        return result

    async def execute(self, name: str, parameters: Parameters | None = None) -> int:
        """Run one named statement as a transaction and return the number of changed rows."""
        return await self.write(lambda writer: writer.execute(name, parameters))

    async def fetch_all(self, name: str, parameters: Parameters | None = None) -> list[Row]:
        """Return all rows of a named query, from a read-only connection."""
        return await self.select(self._queries[name], parameters)

    async def fetch_one(self, name: str, parameters: Parameters | None = None) -> Row | None:
        """Return the first row of a named query, from a read-only connection."""
        rows = await self.fetch_all(name, parameters)
        return rows[0] if rows else None

    async def select(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """Return all rows of a query that a repository built from named parts."""
        self._require_open()
        return await self._readers.select(sql, parameters or {})

    def query(self, name: str) -> str:
        """Return the text of a named statement, to be extended by filters."""
        return self._queries[name]

    async def replace(self, source: Path) -> None:
        """Replace the content by that of a closed database of the same schema, in one commit.

        Readers see the old content or the new content.
        """
        self._require_open()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._replace, source)

    def _replace(self, source: Path) -> None:
        try:
            snapshots.put(source, self._writer.connection)
        except sqlite3.Error as error:
            raise translated(error, self.path) from None
        self.version += 1

    async def is_usable(self) -> bool:
        """Return whether the file can be read; for health checks."""
        try:
            await self.select("SELECT 1 FROM sqlite_schema LIMIT 1")
        except (errors.YTArchiveError, sqlite3.Error, ValueError):
            return False
        return True

    def _require_open(self) -> None:
        if self._closed:
            raise errors.ServiceUnavailable(f"{self.path.name} is closed")

    def _commit_next(self, group: Sequence[Transaction[Any]]) -> list[Any]:
        outcomes = self._commit(group)
        self.version += 1
        return outcomes

    def _commit(self, group: Sequence[Transaction[Any]]) -> list[Any]:
        """Run a group in one commit. Each outcome is a result or the exception to raise."""
        connection = self._writer.connection
        self._reserve.release_space()
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")  # the last commit failed
            connection.execute("BEGIN IMMEDIATE")
            outcomes = self._outcomes(group)
            connection.execute("COMMIT")
        except Exception as error:  # any error must reach the waiting callers
            if connection.in_transaction:
                with suppress(sqlite3.Error):  # a rollback may also fail on a failing disk
                    connection.execute("ROLLBACK")
            logger.bind(service="common").error("{}: commit failed: {}", self.path.name, error)
            cause = translated(error, self.path)
            if isinstance(cause, errors.DiskFull):  # a disk quota does not appear in the free space
                self._reserve.release_step()
            return [cause] * len(group)
        return outcomes

    def _outcomes(self, group: Sequence[Transaction[Any]]) -> list[Any]:
        """Run a group, first without savepoints, because nearly all groups succeed."""
        connection = self._writer.connection
        try:
            return [transaction(self._writer) for transaction in group]
        except Exception as error:
            if not connection.in_transaction:
                raise  # SQLite has rolled back the whole group, for example on a full disk
            connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
            if len(group) == 1:
                return [translated(error, self.path)]
        return [self._run(transaction) for transaction in group]

    def _run(self, transaction: Transaction[Any]) -> Any:
        connection = self._writer.connection
        connection.execute("SAVEPOINT one")
        try:
            outcome = transaction(self._writer)
        except Exception as error:  # the caller raises it
            if not connection.in_transaction:
                raise  # SQLite has rolled back the whole group, for example on a full disk
            connection.execute("ROLLBACK TO one")
            outcome = translated(error, self.path)
        connection.execute("RELEASE one")
        return outcome


def _locked(path: Path, schema: Schema) -> tuple[FileLock, sqlite3.Connection]:
    """Lock the file, then open it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Reserve(path.parent).release_space()
        swap.finish(path)
        require_regular_database(path)
        set_aside_older(path, schema)
    except OSError as error:
        raise unusable(error, path) from None
    lock = FileLock.of_file(path)
    try:
        return lock, _connect(path, schema)
    except BaseException:
        lock.release()
        raise


def _connect(path: Path, schema: Schema) -> sqlite3.Connection:
    try:
        is_suspect = _is_suspect(path, schema)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except OSError as error:
        raise unusable(error, path) from None
    except sqlite3.Error as error:
        raise translated(error, path) from None
    try:
        return _prepared(connection, path, schema, is_suspect=is_suspect)
    except DECODING_FAILURES as error:  # a message of SQLite without result code
        connection.close()
        raise damaged(path, f"a name in its schema is not text: {error}") from None
    except (sqlite3.Error, errors.YTArchiveError) as error:
        connection.close()
        raise translated(error, path) from None


def _prepared(
    connection: sqlite3.Connection, path: Path, schema: Schema, *, is_suspect: bool
) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    connection.text_factory = tolerant_text
    if is_suspect:  # before anything is written
        require_sound(connection, path)
    connection.execute("PRAGMA temp_store = MEMORY")  # TMPDIR may be full, or not writable
    connection.execute(f"PRAGMA page_size = {schema.page_size}")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise errors.DatabaseUnsupported(f"{path} cannot use write-ahead logging there ({mode})")
    connection.execute(f"PRAGMA synchronous = {'FULL' if schema.durable else 'NORMAL'}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA busy_timeout = 10000")
    for name, function in schema.functions.items():
        connection.create_function(name, -1, function, deterministic=True)
    _fit(connection, path, schema)
    return connection


def _fit(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Create the schema of a new file; reject a file that does not fit every statement."""
    require_version(connection, path, schema)
    queries = schema.queries()
    try:
        create(connection, schema)
        for name in queries.names():
            connection.execute(f"EXPLAIN {queries[name]}", _Unbound()).close()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        raise damaged(path, f"its tables do not match the schema: {error}") from None


class _Unbound(dict[str, None]):
    """Parameters of a statement that is only prepared: every name has the value None."""

    def __missing__(self, name: str) -> None:
        return None


def _is_suspect(path: Path, schema: Schema) -> bool:
    """Return whether to check the whole file at start: small ones, and those not closed properly.

    SQLite removes the write-ahead log on close; only a killed process leaves one.
    """
    if not path.exists():
        return False
    was_killed = path.with_name(f"{path.name}-wal").exists()
    return path.stat().st_size <= 64 * 2**20 or (was_killed and schema.durable)
