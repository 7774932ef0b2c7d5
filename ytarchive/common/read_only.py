"""Reads SQLite files that another process may own or that are on a read-only disk.

Each query opens and closes the file: no lock or snapshot remains after the query, and no file is
created or changed. See `docs/decisions/0003-databases.md` for the rule of one writer.

there is a write-ahead log       its owner runs or was killed: read through SQLite's index there is
none                    nobody writes: read only the file, then check again, because an owner may
have started an index that cannot be made     (read-only disk) a copy is read
"""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from ytarchive.common import sqlite_errors
from ytarchive.common.database import Database, Parameters, Row, Transaction
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import DatabaseUnsupported, NotWritable
from ytarchive.common.readers import rows_of, tolerant_text
from ytarchive.common.schema import Schema, create, require_version, schema_version
from ytarchive.common.sqlite_errors import (
    DECODING_FAILURES,
    damaged,
    require_regular_database,
    translated,
)

T = TypeVar("T")


class ReadOnlyDatabase(Database):
    """A database that is only read. A file that is missing or has no schema yet is empty."""

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path = path
        self.version = 0
        self._queries = schema.queries()
        self._schema = schema
        self._closed = False

    @classmethod
    async def open(cls, path: Path, schema: Schema) -> Self:
        """Return the database; each query opens the file."""
        return cls(path, schema)

    async def close(self) -> None:
        """Refuse later queries."""
        self._closed = True

    async def write(self, transaction: Transaction[T]) -> T:  # nothing is written
        """Raise NotWritable."""
        raise NotWritable(f"{self.path} is open for reading only")

    async def select(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """Return all rows of a query. Raises a database error."""
        self._require_open()
        self.version += 1  # another process may have written: no result is cached
        return await asyncio.to_thread(self._select, sql, parameters or {})

    def _select(self, sql: str, parameters: Parameters) -> list[Row]:
        rows = _read(self.path, lambda it: self._rows(it, sql, parameters))
        if rows is not None:
            return rows
        with closing(_empty(self._schema)) as empty:
            return rows_of(empty, sql, parameters)

    def _rows(
        self, source: sqlite3.Connection, sql: str, parameters: Parameters
    ) -> list[Row] | None:
        if not schema_version(source):
            return None  # another process is creating the file, and has not committed the schema
        require_version(source, self.path, self._schema)
        _add_functions(source, self._schema)
        return rows_of(source, sql, parameters)


def read_any_schema(path: Path, sql: str) -> list[Row]:
    """Return the rows of a query for any schema; none if the query does not fit the schema.

    Raises a database error if the file is damaged or cannot be read.
    """

    def rows(connection: sqlite3.Connection) -> list[Row]:
        try:
            return rows_of(connection, sql, {})
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # no such table or column
                return []
            raise

    return _read(path, rows) or []


def require_sound(path: Path) -> None:
    """Raise DatabaseCorrupt if a file is damaged, by the same checks as at a server's start.

    The whole file is read; a missing file is accepted. Raises another database error if the file
    cannot be read.
    """
    _read(path, lambda it: sqlite_errors.require_sound(it, path))


def has_schema(path: Path) -> bool:
    """Return whether a database file has tables of ytarchive. Raises a database error."""
    return bool(_read(path, schema_version))


def _read(path: Path, work: Callable[[sqlite3.Connection], T]) -> T | None:
    """Return the result of `work` on a file; None if the file is empty."""
    try:
        with os_errors(path):
            require_regular_database(path)
        for _ in range(5):
            before = _state(path)
            if not before.size and not before.log:
                return None
            with ExitStack() as stack:
                result = work(_opened(path, before, stack))
            if before.log or _state(path) == before:
                return result
        raise DatabaseUnsupported(f"{path} changes too often to be read while its owner is unknown")
    except DECODING_FAILURES as error:
        raise damaged(path, f"a name in its schema is not text: {error}") from None
    except sqlite3.Error as error:
        raise translated(error, path) from None


class _State(NamedTuple):
    """The state that shows whether a file was written: an owner writes the log first."""

    size: int
    changed: int
    inode: int
    log: int
    has_log: bool


def _state(path: Path) -> _State:
    with os_errors(path):
        file, log = _stat(path), _stat(path.with_name(f"{path.name}-wal"))
    size, changed, inode = (file.st_size, file.st_mtime_ns, file.st_ino) if file else (0, 0, 0)
    return _State(size, changed, inode, log.st_size if log else 0, log is not None)


def _stat(path: Path) -> Any:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _opened(path: Path, state: _State, stack: ExitStack) -> sqlite3.Connection:
    """Open a file; `stack` closes it."""
    if not state.has_log:
        return stack.enter_context(closing(_connect(path, "mode=ro&immutable=1")))
    connection = stack.enter_context(closing(_connect(path, "mode=ro")))
    try:
        schema_version(connection)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}:
            raise
        return _copy_opened(path, state, stack)
    return connection


def _copy_opened(path: Path, state: _State, stack: ExitStack) -> sqlite3.Connection:
    """Open a copy of a file whose log has no index and where no index can be created."""
    if not state.log:
        return stack.enter_context(closing(_connect(path, "mode=ro&immutable=1")))
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ytarchive-")))
    with os_errors(folder):
        for suffix in ("", "-wal"):
            shutil.copyfile(path.with_name(path.name + suffix), folder / (path.name + suffix))
    return stack.enter_context(closing(_connect(folder / path.name, "mode=rw")))


def _connect(path: Path, parameters: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?{parameters}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
    return _prepared(connection)


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    connection.text_factory = tolerant_text
    connection.execute("PRAGMA busy_timeout = 10000")
    return connection


def _empty(schema: Schema) -> sqlite3.Connection:
    """Return an empty database in memory with the schema."""
    connection = _prepared(sqlite3.connect("", isolation_level=None, check_same_thread=False))
    _add_functions(connection, schema)
    create(connection, schema)
    return connection


def _add_functions(connection: sqlite3.Connection, schema: Schema) -> None:
    for name, function in schema.functions.items():
        connection.create_function(name, -1, function, deterministic=True)
