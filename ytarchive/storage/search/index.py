"""The search index, search.db: stores documents and finds matching videos."""

import asyncio
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from loguru import logger

from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import DatabaseCorrupt, DatabaseUnsupported
from ytarchive.common.read_only import ReadOnlyDatabase
from ytarchive.common.rows import UNREADABLE
from ytarchive.common.schema import Schema
from ytarchive.common.sqlite_errors import REFUSED
from ytarchive.storage.search.documents import Document, unpacked
from ytarchive.storage.search.text import RULES, searchable

log = logger.bind(service="storage")

SCHEMA = Schema(
    package="ytarchive.storage.search",
    durable=False,
    file="search.db",
    in_backups=False,
    functions={"searchable": searchable, "unpacked": unpacked},
    page_size=16384,
)
_DAY = 24 * 3600 * 10**6
_PLACES = 10
"""Bits of a number that count the videos of one day."""


class SearchIndex:
    """The index of one library. Created by `open`."""

    def __init__(self, database: Database, revision: int, overflow: int) -> None:
        self._database = database
        self._numbers = _Numbers()
        self.revision = revision
        """The last change of the library that is in the index."""
        self.overflow = overflow
        """The most days by which a video's number is later than its upload."""

    @classmethod
    async def open(cls, path: Path, library_id: str, newest: int) -> Self:
        """Open the index of a library whose newest change is `newest`, or create an empty one.

        The index is created again if the file is damaged, belongs to another library or a later
        state of this one (a backup was restored), or was made by other rules. Raises NotWritable
        or DiskFull.
        """
        try:
            database = await Database.open(path, SCHEMA)
        except (DatabaseCorrupt, DatabaseUnsupported) as error:
            log.warning("the search index is created again: {}", error.message)
            return await cls._begin(path, library_id)
        try:
            index = await cls._fitting(database, library_id, newest)
        except BaseException:
            await database.close()  # its thread would prevent the process from exiting
            raise
        if index is not None:
            return index
        await database.close()
        return await cls._begin(path, library_id)

    @classmethod
    async def reading(cls, path: Path, library_id: str, newest: int) -> Self:
        """Open the index for reading; an index that does not match the library counts as empty."""
        database = await ReadOnlyDatabase.open(path, SCHEMA)
        try:
            index = await cls._fitting(database, library_id, newest)
        except (DatabaseCorrupt, DatabaseUnsupported) as error:
            log.warning("the search index is not used: {}", error.message)
            index = None
        return index or cls(
            await ReadOnlyDatabase.open(path.with_name(f"{path.name}-none"), SCHEMA), 0, 0
        )

    @classmethod
    async def _fitting(cls, database: Database, library_id: str, newest: int) -> Self | None:
        """Return the index if it belongs to this library, and not to a later state of it."""
        state = await database.fetch_one("get_state")
        if state is None:
            return None
        fits = (state["library_id"], state["rules"]) == (library_id, RULES)
        if fits and state["revision"] <= newest:
            return cls(database, state["revision"], state["overflow"])
        log.info("the search index is created again: it does not fit the library")
        return None

    @classmethod
    async def _begin(cls, path: Path, library_id: str) -> Self:
        return cls(await _created(path, library_id), 0, 0)

    async def begin_again(self, library_id: str) -> None:
        """Empty the index, and make it the index of another library."""
        path = self._database.path.with_suffix(".new")
        await (await _created(path, library_id)).close()
        await self._database.replace(path)
        await asyncio.to_thread(_remove, path)
        self.revision = self.overflow = 0
        self._numbers = _Numbers()

    async def close(self) -> None:
        """Finish pending writes, then close."""
        await self._database.close()

    async def take_in(self, documents: Sequence[Document], revision: int) -> None:
        """Index videos and record `revision` as the last indexed change, in one transaction."""

        def transaction(writer: Writer) -> int:
            beyond = [self._take_in_safely(writer, document) for document in documents]
            overflow = max([self.overflow, *beyond])
            writer.execute("set_state", {"revision": revision, "overflow": overflow})
            return overflow

        self.overflow = await self._database.write(transaction)
        self.revision = revision

    async def match(self, query: str, parameters: dict[str, Any]) -> list[int]:
        """Return the numbers that `match_titles` or `match_words` finds."""
        return [row["number"] for row in await self._database.fetch_all(query, parameters)]

    async def words_beginning(self, prefix: str, limit: int) -> list[str]:
        """Return words of the index that begin with `prefix`, about `limit` at most."""
        parameters = {"prefix": prefix, "limit": limit + 1}  # one more for the end
        rows = await self._database.fetch_all("words_beginning", parameters)
        return [row["word"] for row in rows]

    async def documents(self, numbers: Sequence[int]) -> list[Row]:
        """Return the indexed rows of videos, in the order of `numbers`."""
        parameters = {"numbers": json.dumps(numbers)}
        rows = await self._database.fetch_all("documents_of", parameters)
        found = {row["number"]: row for row in rows}
        return [found[number] for number in numbers if number in found]

    def _take_in_safely(self, writer: Writer, document: Document) -> int:
        """Index a video; if its values cannot be stored, log that and leave it out."""
        try:
            with writer.savepoint():
                return self._take_in(writer, document)
        except (*UNREADABLE, *REFUSED) as error:
            log.warning("{}: not indexed: {}", document.video_id, error)
            return 0

    def _take_in(self, writer: Writer, document: Document) -> int:
        """Index a video. Return by how many days its number is later than its upload."""
        row = document.row()
        old = writer.fetch_one("get_document", row)
        if old is not None:
            if all(old[name] == value for name, value in row.items()):
                return 0
            for statement in ("remove_words", "remove_title", "remove_text", "remove_video"):
                writer.execute(statement, {"number": old["number"]})
        day = day_of(document.upload_date)
        number = row["number"] = self._numbers.free(writer, day)
        for statement in ("add_video", "add_text", "add_words", "add_title"):
            writer.execute(statement, row)
        return (number >> _PLACES) - day


async def _created(path: Path, library_id: str) -> Database:
    """Create an empty index, also if a file or folder has its name."""
    with os_errors(path):
        await asyncio.to_thread(_remove, path)
    database = await Database.open(path, SCHEMA)
    await database.execute("begin_state", {"library_id": library_id, "rules": RULES})
    return database


def _remove(path: Path) -> None:
    """Remove a database; rename a folder that has its name."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        part = path.with_name(path.name + suffix)
        if part.is_dir() and not part.is_symlink():
            part.rename(part.with_name(f"{part.name}.{secrets.token_hex(4)}.aside"))
        else:
            part.unlink(missing_ok=True)


class _Numbers:
    """Finds free numbers, and records which days have none."""

    def __init__(self) -> None:
        self._next_free_day: dict[int, int] = {}

    def free(self, writer: Writer, day: int) -> int:
        """Return a free number of this day, or of the next day that has one."""
        at = self._next_free_day.get(day, day)
        while True:
            limits = {"first": first_number(at), "last": first_number(at + 1) - 1}
            row = writer.fetch_one("free_number", limits)
            assert row is not None  # noqa: S101  # an aggregate always has a row
            if row["number"] <= limits["last"]:
                return int(row["number"])
            at += 1
            self._next_free_day[day] = at


def day_of(upload_date: int | None) -> int:
    """Return the day of an upload (microseconds since 1970); 0 if it is unknown."""
    return max(upload_date // _DAY, 1) if upload_date is not None else 0


def first_number(day: int) -> int:
    """Return the first number of a day."""
    return day << _PLACES
