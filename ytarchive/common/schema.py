"""The named statements, schema and schema version of a service's database."""

import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from loguru import logger

from ytarchive.common import swap
from ytarchive.common.errors import DatabaseUnsupported
from ytarchive.common.file_lock import FileLock
from ytarchive.common.filesystem import is_file
from ytarchive.common.models import utc_now

_QUERY_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_VERSION = re.compile(r"^PRAGMA user_version = (\d+);$", re.MULTILINE)


class Queries:
    """The named statements of a service's `sql/queries.sql`."""

    def __init__(self, text: str) -> None:
        parts = _QUERY_NAME.split(text)[1:]
        self._statements = dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))
        if len(self._statements) != len(parts) // 2:
            raise ValueError("two queries have the same name")

    def __getitem__(self, name: str) -> str:
        """Return the text of the statement called `name`."""
        return self._statements[name]

    def names(self) -> list[str]:
        """Return every statement's name, in the order of the file."""
        return list(self._statements)


@dataclass(frozen=True)
class Schema:
    """The SQL of a service: `queries.sql` and `schema.sql`, which sets the version."""

    package: str
    durable: bool
    """True: every commit survives a power cut. False: the last commits may be lost."""
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Deterministic functions that views and queries can call, by name."""
    lost_when_older: str = "nothing is lost"
    """Message on setting aside a file of an older schema: what is lost, and what to do."""
    file: str = ""
    """The name of the database in the state folder."""
    in_backups: bool = True
    """False: it can be rebuilt from files in the backup."""
    in_copies: str = ""
    """The name of a statement that is executed in each copy in a backup."""
    page_size: int = 4096
    """Page size of a new file in bytes; larger pages waste less space with large rows."""

    def queries(self) -> Queries:
        """Return the service's named statements."""
        return Queries(self._folder().joinpath("queries.sql").read_text("utf-8"))

    def text(self) -> str:
        """Return the statements that create the schema."""
        return str(self._folder().joinpath("schema.sql").read_text("utf-8"))

    @property
    def version(self) -> int:
        """Return the version in `schema.sql`; every change of the schema increases it."""
        found = _VERSION.search(self.text())
        if found is None:
            raise ValueError(f"the schema of {self.package} has no version")
        return int(found[1])

    def _folder(self) -> Any:
        return files(self.package).joinpath("sql")


def create(connection: sqlite3.Connection, schema: Schema) -> None:
    """Create the schema in an empty file."""
    if not schema_version(connection):
        connection.executescript(f"BEGIN;\n{schema.text()}\nCOMMIT;")


def require_version(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Raise DatabaseUnsupported for a file of another version of ytarchive."""
    version = schema_version(connection)
    if version not in {0, schema.version}:
        age = "a newer" if version > schema.version else "an older"
        made = f"{path} was made by {age} version of ytarchive"
        raise DatabaseUnsupported(f"{made} (schema {version}; this version uses {schema.version})")


def schema_version(connection: sqlite3.Connection) -> int:
    """Return the version of a file's schema; 0 for an empty file."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def set_aside_older(path: Path, schema: Schema) -> None:
    """Rename a file of an older schema, and log what is lost.

    Raises StateLocked, LocalError or OSError.
    """
    if not is_file(path):
        return
    lock = FileLock.of_file(path)
    try:
        if not 0 < _version_of(path) < schema.version:
            return
        aside = swap.set_aside(path, f"{utc_now():%Y%m%dT%H%M%S.%fZ}")
    finally:
        lock.release()
    logger.bind(service="common").warning(
        "{} was made by an older version of ytarchive and is kept as {}: {}",
        path.name, aside[-1].name, schema.lost_when_older,
    )  # fmt: skip


def _version_of(path: Path) -> int:
    """Return the version of a file's schema; 0 for a file that cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return schema_version(database)
    except sqlite3.Error:
        return 0
