"""Reads all folders of a view, and compares them with what the view has created."""

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice

from ytarchive.common import filesystem
from ytarchive.common.database import Row
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import FileGone
from ytarchive.common.file_names import stored_name
from ytarchive.common.paths import VIEW_MARKER
from ytarchive.storage.views.entries import joined
from ytarchive.storage.views.links import ViewFolder, is_unfinished
from ytarchive.storage.views.records import LARGEST_INTEGER, Record
from ytarchive.storage.views.repository import Records

_FOLDERS_AT_ONCE = 500
_SHOWN = 100
"""The most paths that a report names."""

Listing = dict[str, tuple[int, int, int]]
"""The files of a folder by name, with what `Facts` consist of."""
_Found = set[tuple[int, str, int | None, int | None, int | None]]
"""Files with the numbers of their folders, and their identities."""


class FolderReading:
    """One reading of all folders of a view."""

    def __init__(self, view: str, folder: ViewFolder, records: Records) -> None:
        self._view = view
        self._folder = folder
        self._records = records
        self.unchanged = 0
        self.missing: list[Record] = []
        """Recorded files that do not exist."""
        self.unfinished: list[Record] = []
        """What interrupted synchronisations left."""
        self.foreign = 0
        self.foreign_paths: list[str] = []

    async def run(self) -> None:
        """Read all folders. Most files are as recorded, and need no objects of their own."""
        rows = await self._records.rows("folders_with_entries", self._view)
        unread = {row["folder"] for row in rows}
        walk = _walk(self._folder)
        listed = await asyncio.to_thread(_take, walk)
        while listed:
            # The next folders are read while these are compared.
            following, _ = await asyncio.gather(
                asyncio.to_thread(_take, walk), self._compare(listed)
            )
            unread -= listed.keys()
            listed = following
        for folder in sorted(unread):
            self.missing += await self._records.entries("entries_in", self._view, folders=[folder])

    async def _compare(self, listed: Mapping[str, Listing]) -> None:
        rows = await self._records.rows("facts_in", self._view, folders=listed)
        lost, other = await asyncio.to_thread(self._differences, listed, rows)
        if lost:
            folders = {folder for folder, _ in lost}
            found = await self._records.entries("entries_in", self._view, folders=folders)
            asked = [each for each in found if each.place in lost]
            await asyncio.to_thread(self._look_at, asked)
        self._examine(other - lost)

    def _differences(
        self, listed: Mapping[str, Listing], rows: Iterable[Row]
    ) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
        """Return the places that are not as recorded, and those of files without such a record."""
        folders: Sequence[str] = list(listed)
        recorded: _Found = set(map(tuple, rows))
        found: _Found = {
            (number, name, *facts)
            for number, listing in enumerate(listed.values())
            for name, facts in listing.items()
        }
        self.unchanged += len(recorded & found)
        return (
            {(folders[number], name) for number, name, *_ in recorded - found},
            {(folders[number], name) for number, name, *_ in found - recorded},
        )

    def _look_at(self, records: Iterable[Record]) -> None:
        """Determine whether files that are not as recorded are missing, or of other origin."""
        for record in records:
            status = filesystem.status(self._folder.path(record.path), follow=False)
            if status is None:
                self.missing.append(record)
            elif self._folder.is_own(record, status):
                self.unchanged += 1
            else:
                self._found_foreign(record.path)

    def _examine(self, others: Iterable[tuple[str, str]]) -> None:
        """Count files without a record."""
        for folder, name in sorted(others):
            if is_unfinished(name):
                self.unfinished.append(Record(folder, name, "", None, ""))
            elif folder or name != VIEW_MARKER:
                self._found_foreign(joined(folder, name))

    def _found_foreign(self, path: str) -> None:
        self.foreign += 1
        self.foreign_paths += [path] if len(self.foreign_paths) < _SHOWN else []


def _take(walk: Iterator[tuple[str, Listing]]) -> dict[str, Listing]:
    return dict(islice(walk, _FOLDERS_AT_ONCE))


def _walk(view: ViewFolder) -> Iterator[tuple[str, Listing]]:
    """Yield all folders of a view with their files. Links are not followed. Blocks."""
    pending = [""]
    while pending:
        folder = pending.pop()
        listing: Listing = {}
        path = view.path(folder)
        with suppress(FileGone), os_errors(path), os.scandir(path) as entries:
            for entry in entries:
                name = stored_name(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(joined(folder, name))
                else:
                    status = entry.stat(follow_symlinks=False)
                    inode = status.st_ino & LARGEST_INTEGER
                    listing[name] = (inode, status.st_size, status.st_mtime_ns)
        yield folder, listing
