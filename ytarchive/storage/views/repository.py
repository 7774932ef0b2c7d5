"""Rows of views: what the library shows, and what views have created."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from loguru import logger

from ytarchive.common.archived_files import Role
from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.errors import DatabaseCorrupt, DatabaseUnsupported
from ytarchive.common.rows import all_readable, moment_of
from ytarchive.common.schema import Schema
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.views.entries import ViewChannel, ViewFile, ViewVideo
from ytarchive.storage.views.names import folded
from ytarchive.storage.views.records import Record

log = logger.bind(service="storage")

SCHEMA = Schema(package="ytarchive.storage.views", durable=False, file="views.db", in_backups=False)
_PAGE = 500


class ShownLibrary:
    """Reads from the library what views show."""

    def __init__(self, database: Database, layout: Layout) -> None:
        self.database = database
        self._layout = layout

    async def newest(self) -> tuple[str, int, int]:
        """Return the library's id, its last change, and when its newest playlist was stored."""
        [state] = await self.database.fetch_all("search_state")
        [lists] = await self.database.fetch_all("newest_list")
        return state["library_id"], state["newest"], lists["stored_at"]

    async def pending(self, revision: int) -> int:
        """Return the number of videos that were changed after a revision."""
        [counted] = await self.database.fetch_all("count_changes", {"after": revision})
        return int(counted["videos"])

    async def changed(self, after: int) -> tuple[list[ViewVideo], int]:
        """Return the next changed videos, and the last of their revisions; 0 at the end."""
        rows = await self.database.fetch_all("shown_changes", {"after": after, "limit": _PAGE})
        return _videos(rows), rows[-1]["revision"] if rows else 0

    async def videos(self, video_ids: Sequence[str]) -> list[ViewVideo]:
        """Return the stored ones of some videos."""
        asked = {"video_ids": json.dumps(list(video_ids))}
        return _videos(await self.database.fetch_all("shown_among", asked))

    async def of_channel(self, channel_id: str) -> list[ViewVideo]:
        """Return the stored videos of a channel."""
        asked = {"channel_id": channel_id}
        return _videos(await self.database.fetch_all("shown_of_channel", asked))

    async def channels(self, channel_ids: Iterable[str]) -> dict[str, ViewChannel]:
        """Return the channels that have stored videos."""
        asked = {"channel_ids": json.dumps(list(channel_ids))}
        rows = await self.database.fetch_all("channels_shown", asked)
        return {
            row["channel_id"]: ViewChannel(row["channel_id"], row["title"])
            for row in rows
            if row["title"] is not None
        }

    async def changed_channels(self, after: int) -> list[str]:
        """Return the channels of the changed videos."""
        rows = await self.database.fetch_all("changed_channels", {"after": after})
        return [row["channel_id"] for row in rows]

    async def touch_channel(self, channel_id: str) -> None:
        """Count a channel among the changes, for views that show its metadata."""
        await self.database.execute("touch_channel", {"channel_id": channel_id})

    async def playlists(self) -> list[tuple[str, str]]:
        """Return the ids and titles of all playlists."""
        found: list[tuple[str, str]] = []
        while True:
            asked = {"after": found[-1][0] if found else "", "limit": _PAGE}
            rows = await self.database.fetch_all("lists_shown", asked)
            found += [(row["playlist_id"], row["title"]) for row in rows]
            if len(rows) < _PAGE:
                return found


class Records:
    """The files that views have created, in `views.db`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the database; a damaged one is created again. Raises NotWritable or DiskFull."""
        try:
            return cls(await Database.open(path, SCHEMA))
        except (DatabaseCorrupt, DatabaseUnsupported) as error:
            log.warning("the record of the views is created again: {}", error.message)
        await asyncio.to_thread(_delete, path)
        return cls(await Database.open(path, SCHEMA))

    async def entries(self, query: str, view: str, **asked: Iterable[str]) -> list[Record]:
        """Return the records that a query selects."""
        return [Record.of(row) for row in await self.rows(query, view, **asked)]

    async def rows(self, query: str, view: str, **asked: Iterable[str]) -> list[Row]:
        """Return the rows of a view that a query selects by lists of values."""
        found = {name: json.dumps(list(value)) for name, value in asked.items()}
        return await self.database.fetch_all(query, {"view": view, **found})

    async def taken(self, view: str, folds: Iterable[str]) -> dict[str, str]:
        """Return the owners of paths that exist, by the path as systems ignore case."""
        return {row["fold"]: row["owner"] for row in await self.rows("taken", view, folds=folds)}

    async def spellings(self, view: str, folds: Iterable[str]) -> dict[str, str]:
        """Return the folders that exist, by the path as systems ignore case."""
        rows = await self.rows("spellings", view, folds=folds)
        return {
            fold: "/".join(row["folder"].split("/")[: fold.count("/") + 1])
            for row in rows if row["folder"] is not None for fold in [row["fold"]]
        }  # fmt: skip

    async def intend(
        self, view: str, records: Iterable[Record], folders: Iterable[str] = ()
    ) -> None:
        """Record files, and folders, before they are created."""
        inner = [(view, folder) for folder in folders]
        rows = [
            (view, each.folder, each.name, folded(each.path), each.owner, each.source, each.digest)
            for each in records
        ]

        def transaction(writer: Writer) -> None:
            writer.execute_many("intend_folder", inner)
            writer.execute_many("intend", rows)

        if inner or rows:
            await self.database.write(transaction)

    async def created_folders(self, view: str, folders: Iterable[str]) -> list[str]:
        """Return those of some folders that the view has created."""
        rows = await self.rows("created_among", view, folders=folders)
        return [row["folder"] for row in rows]

    async def forget_folders(self, view: str, folders: Iterable[str]) -> None:
        """Record that folders do not exist any more."""
        rows = [(view, folder) for folder in folders]
        await self.database.write(lambda writer: writer.execute_many("forget_folder", rows))

    async def save(self, view: str, made: Iterable[Record], removed: Iterable[Record]) -> None:
        """Record created and removed files."""
        gone = [(view, *each.place) for each in removed]
        rows = [
            (
                view, each.folder, each.name, each.owner, each.source, each.digest,
                each.facts.inode, each.facts.size, each.facts.modified,
            )
            for each in made if each.facts
        ]  # fmt: skip

        def transaction(writer: Writer) -> None:
            writer.execute_many("forget", gone)
            writer.execute_many("made", rows)

        if gone or rows:
            await self.database.write(transaction)

    async def not_made(self, view: str, records: Iterable[Record]) -> None:
        """Record that files do not exist any more."""
        rows = [(view, *each.place) for each in records]
        await self.database.write(lambda writer: writer.execute_many("not_made", rows))

    async def forget(self, view: str) -> None:
        """Delete all rows of a view."""

        def transaction(writer: Writer) -> None:
            for query in ("forget_entries", "forget_created", "forget_names", "forget_view"):
                writer.execute(query, {"name": view})

        await self.database.write(transaction)


def _videos(rows: Sequence[Row]) -> list[ViewVideo]:
    return list(all_readable(rows, _video, lambda row: f"video {row['video_id']}"))


def _video(row: Row) -> ViewVideo:
    media = row["media_path"]
    folder = f"{media.rpartition('/')[0]}/" if media else ""
    files = [
        ViewFile(
            key=each["key"],
            role=Role(each["role"]),
            format=each["format"],
            digest=each["digest"],
            language=each["language"],
            automatic=bool(each["automatic"]),
        )
        for each in json.loads(row["files"])
        if media and each["key"].startswith(folder)
        and (each["role"] != Role.MEDIA or each["key"] == media)
    ]  # fmt: skip
    return ViewVideo(
        video_id=row["video_id"],
        title=row["title"],
        channel_id=row["channel_id"],
        channel_title=row["channel_title"],
        uploaded=moment_of(row["upload_date"]),
        stored_at=moment_of(row["stored_at"]),
        duration=row["duration"],
        quality=row["quality"],
        files=tuple(files),
    )


def _delete(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
