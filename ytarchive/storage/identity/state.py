"""Reads from the databases which archive they belong to, without opening the archive."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from loguru import logger

from ytarchive.common.config import StorageConfig
from ytarchive.common.database import Row
from ytarchive.common.errors import DatabaseCorrupt, DatabaseUnsupported
from ytarchive.common.read_only import has_schema, read_any_schema
from ytarchive.storage.library.repository import SCHEMA
from ytarchive.storage.store.layout import Layout

log = logger.bind(service="storage")

T = TypeVar("T")


class RecordedState:
    """The library and the queue on disk; each is read when it is first needed.

    A damaged library counts as empty. Reading raises NotWritable or FileFailure.
    """

    def __init__(self, layout: Layout) -> None:
        self._library = layout.database
        self._queue = layout.state / "jobs.db"

    @cached_property
    def archive_id(self) -> str | None:
        """Return the id of the library's archive; None in a library of an early version."""
        rows = self._rows("get_archive")
        return str(rows[0]["id"]) if rows else None

    @cached_property
    def videos(self) -> int:
        """Return the number of videos in the library."""
        return self._count("videos")

    @cached_property
    def work_plans(self) -> int:
        """Return the number of work plans in the library."""
        return self._count("work_plans")

    @cached_property
    def has_queue(self) -> bool:
        """Return whether there is a `jobs.db` with content."""
        return _unless_damaged(lambda: has_schema(self._queue), damaged=True)

    @cached_property
    def files(self) -> list[str]:
        """Return registered files, relative to the archive; not all of a large library."""
        return [row["path"] for row in self._rows("some_files")]

    @property
    def is_used(self) -> bool:
        """Return whether the library has an archive id or a registered file."""
        return self.archive_id is not None or bool(self.files)

    def is_found_in(self, base: Path) -> bool:
        """Return whether `base` has any registered file, or a folder that is being moved."""
        return any((base / path).exists() for path in self.files)

    def _count(self, name: str) -> int:
        rows = self._rows("count_stored")
        return int(rows[0][name]) if rows else 0

    def _rows(self, query: str) -> list[Row]:
        statement = SCHEMA.queries()[query]
        return _unless_damaged(lambda: read_any_schema(self._library, statement), damaged=[])


def lost_queue(config: StorageConfig) -> str | None:
    """Return what a missing or empty `jobs.db` loses, and what to do; None if nothing is lost.

    A new archive has no `jobs.db`. Reading raises NotWritable or FileFailure. Blocks.
    """
    layout = Layout.of(config)
    state = RecordedState(layout)
    if state.has_queue or not (state.videos or state.work_plans):
        return None
    path = layout.state / "jobs.db"
    kind = "is empty" if path.exists() else "is missing"
    lost = "queued and finished jobs, known lists, schedules and the pace are lost"
    kept = f"{state.videos} stored videos and {state.work_plans} plans of missing videos are not"
    remedy = "`ytarchive restore DIR` brings back a backup; else `ytarchive rebuild` restores which"
    remedy = f"{remedy} videos were unavailable. Then queue your lists again"
    return f"{path} {kind}: {lost}; {kept}. {remedy}: stored videos are skipped"


def _unless_damaged(read: Callable[[], T], *, damaged: T) -> T:
    try:
        return read()
    except (DatabaseCorrupt, DatabaseUnsupported) as error:
        log.debug("the state does not say which archive it belongs to: {}", error.message)
        return damaged
