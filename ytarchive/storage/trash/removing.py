"""Removes videos: their files are moved to the trash.

    record the removal, durably  ->  write the mark `removed`
        ->  move the files to the trash  ->  delete the rows

The next start finishes a recorded removal from any step, because each step can be repeated.
The history and the playlists that name the video stay as they are.
"""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from loguru import logger
from pydantic import TypeAdapter

from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.errors import (
    Conflict,
    FileFailure,
    NotFound,
    VideoRemoved,
    YTArchiveError,
)
from ytarchive.common.events import VideoChanged, publish
from ytarchive.common.identifiers import VIDEO_ID
from ytarchive.storage.bins.bins import Bins, folder_of, new_item
from ytarchive.storage.bins.models import BinName, Reason, TrashedFile, TrashItem
from ytarchive.storage.intake.videos import VideoStore
from ytarchive.storage.library.models import SaveVideo, StorageLocation
from ytarchive.storage.marks.records import MarkRecords
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.trash.models import RemovedVideo, RemoveVideos

log = logger.bind(service="storage")

_ITEMS = TypeAdapter(list[TrashItem])


@dataclass(frozen=True)
class _Removal:
    """A video that is being removed, and the items that its files become."""

    video_id: str
    keeps_metadata: bool
    items: list[TrashItem]


class Remover:
    """Removes videos. Callers hold the lock of the video."""

    def __init__(
        self,
        database: Database,
        layout: Layout,
        videos: VideoStore,
        bins: Bins,
    ) -> None:
        self._database = database
        self._layout = layout
        self._videos = videos
        self._bins = bins
        self._marks = MarkRecords(database, layout)
        self._unfinished: dict[str, _Removal] = {}

    @asynccontextmanager
    async def around(self, video_id: str) -> AsyncIterator[None]:
        """Surround a change of a video.

        Before it, finish a removal that a failing disk interrupted. After it, clear the mark
        `removed` if the video is stored again.
        """
        if video_id in self._unfinished:
            await self._execute(self._unfinished[video_id])
        yield
        if video_id not in self._unfinished and await self._database.fetch_one(
            "is_removed_but_stored", {"video_id": video_id}
        ):
            await self._marks.set_removed(video_id, removed=False)

    async def recover(self) -> None:
        """Finish interrupted removals. One that fails again is logged and stays recorded."""
        for row in await self._database.fetch_all("list_removals"):
            removal = _removal(row)
            self._unfinished[removal.video_id] = removal
            try:
                await self._execute(removal)
            except (YTArchiveError, OSError) as error:
                log.error("{}: not removed: {}", removal.video_id, error)

    async def settle(self) -> None:
        """Make the library and the marks agree on which videos are removed.

        A crash may have prevented that the mark of a video that was stored again was cleared, and
        the library of an old backup lists videos that were removed after it.
        """
        for row in await self._database.fetch_all("removed_but_stored"):
            video_id = row["video_id"]
            if video_id in self._unfinished:
                continue
            try:
                if not await self.forget_if_removed(video_id):
                    await self._marks.set_removed(video_id, removed=False)
            except YTArchiveError as error:
                log.error("{}: cannot be compared with its marks: {}", video_id, error.message)

    async def save(self, request: SaveVideo) -> StorageLocation:
        """Store a video. Raises VideoRemoved if the request does not permit that of a removed one.

        The mark of a video that is stored again is cleared, see `around`.
        """
        if request.unless_removed and await self.removed_among([request.video_id]):
            message = f"{request.video_id} was removed from the archive: the download is not stored"
            raise VideoRemoved(message)
        return await self._videos.save(request)

    async def removed_among(self, video_ids: Iterable[str]) -> set[str]:
        """Return the videos whose files of marks say that they were removed.

        The rows may not: those of a restored backup are older than the files.
        """
        removed: set[str] = set()
        for video_id in filter(VIDEO_ID.fullmatch, video_ids):
            with suppress(FileFailure):  # damaged marks remove nothing
                removed |= {video_id} if (await self._marks.read(video_id)).removed else set()
        return removed

    async def forget_if_removed(self, video_id: str) -> bool:
        """Delete the rows of a removed video whose media is not in its place.

        The library of a backup lists such videos. Return whether the video was removed.
        """
        if not await self.removed_among([video_id]):
            return False
        try:
            location = await self._videos.locate(video_id)
        except NotFound:
            return False
        if location.video_path is not None:
            return False
        await self._marks.write(await self._marks.read(video_id))
        await self._forget(_Removal(video_id, location.has_metadata, []))
        log.info("{}: was removed, and is no longer registered", video_id)
        return True

    async def remove(self, video_id: str, request: RemoveVideos) -> RemovedVideo:
        """Remove a video. Raises Conflict if it is to be kept, NotFound, or a LocalError."""
        await self._videos.finish_move(video_id)
        marked = await self._marks.read(video_id)
        if marked.keep:
            raise Conflict(
                f"{video_id} is marked to be kept; `ytarchive marks set {video_id} --no-keep` "
                "permits its removal"
            )
        removal = await self._prepared(video_id, request)
        if not removal.items:
            if not marked.removed:
                raise NotFound(
                    f"the archive has no file of {video_id} to remove; `ytarchive marks set "
                    f"{video_id} --removed` prevents that lists fetch it"
                )
            return RemovedVideo(video_id=video_id)
        await self._database.execute("begin_removal", _row(removal))
        self._unfinished[video_id] = removal
        items = await self._execute(removal)
        moved = [file for item in items for file in item.files]
        size = sum(file.size_bytes for file in moved)
        log.info("{}: removed, {} files, {} bytes", video_id, len(moved), size)
        return RemovedVideo(
            video_id=video_id,
            items=[item.id for item in items],
            files=len(moved),
            size_bytes=size,
        )

    async def _execute(self, removal: _Removal) -> list[TrashItem]:
        """Execute a recorded removal. Return the items with the files they hold."""
        await self._marks.set_removed(removal.video_id, removed=True)
        items: list[TrashItem] = []
        for item in removal.items:
            await self._bins.put(item)
            await self._bins.forget_if_empty(item)
            await self._delete_if_empty(item)
            held = await self._bins.contents(item)
            items += [item.model_copy(update={"files": held})] if held else []
        await self._forget(removal)
        del self._unfinished[removal.video_id]
        publish(VideoChanged(video_id=removal.video_id, change="removed"))
        return items

    async def _prepared(self, video_id: str, request: RemoveVideos) -> _Removal:
        rows = await self._database.fetch_all("registered_files", {"video_id": video_id})
        metadata = self._layout.relative(self._layout.metadata_file(video_id))
        note = self._layout.relative(self._layout.registration_file(video_id))
        found = {row["path"]: _trashed(row) for row in rows if row["path"] != metadata}
        extra = [] if request.keep_metadata else [metadata]
        if found:
            extra.append(note)
        states = await self._bins.store.stat(extra)
        described = [
            TrashedFile(path=key, size_bytes=state.size or 0)
            for key, state in states.items()
            if not state.is_missing
        ]
        location = await self._videos.locate(video_id) if found else None
        if request.stored_at and (location is None or location.stored_at != request.stored_at):
            raise Conflict(f"{video_id} has changed since {request.stored_at:%Y-%m-%d %H:%M} UTC")
        items = [
            item.model_copy(update={"detail": request.detail})
            for item in self._items(video_id, found.values(), location, described)
        ]
        return _Removal(video_id, request.keep_metadata, items)

    def _items(
        self,
        video_id: str,
        found: Iterable[TrashedFile],
        location: StorageLocation | None,
        described: list[TrashedFile],
    ) -> Iterable[TrashItem]:
        """Return one item for each folder; `described` is in that of the media."""
        folders: dict[str, list[TrashedFile]] = {}
        for file in found:
            folders.setdefault(folder_of(file.path), []).append(file)
        media = self._layout.key_of(location.video_path) if location and location.video_path else ""
        home = str(PurePosixPath(media).parent) if media else next(iter(folders), "")
        if not folders and described:
            home, folders = folder_of(described[0].path), {folder_of(described[0].path): []}
        for folder, some in folders.items():
            contents = [*some, *(described if folder == home else [])]
            item = new_item(BinName.TRASH, Reason.REMOVED, folder, contents, video_id)
            known = {"quality": location.quality, "missing": location.missing} if location else {}
            yield item.model_copy(update=known)

    async def _delete_if_empty(self, item: TrashItem) -> None:
        """Delete the folder of a removed video, unless it has other files."""
        if PurePosixPath(item.folder).name == item.video_id:
            async for _ in self._bins.store.iterate(item.folder):
                return
            await self._bins.store.delete(item.folder)

    async def _forget(self, removal: _Removal) -> None:
        """Delete the rows of a removed video, and the record of the removal."""
        row = _row(removal)

        def transaction(writer: Writer) -> None:
            for name in ("remove_files", "delete_findings_of", "remove_absent", "remove_media",
                         "end_removal"):  # fmt: skip
                writer.execute(name, row)

        await self._database.write(transaction)


def _removal(row: Row) -> _Removal:
    items = _ITEMS.validate_python(json.loads(row["items"]))
    return _Removal(row["video_id"], bool(row["keeps_metadata"]), items)


def _row(removal: _Removal) -> dict[str, Any]:
    return {
        "video_id": removal.video_id,
        "keeps_metadata": removal.keeps_metadata,
        "items": _ITEMS.dump_json(removal.items).decode(),
    }


def _trashed(row: Row) -> TrashedFile:
    return TrashedFile(
        path=row["path"], size_bytes=row["size_bytes"], sha256=bytes(row["sha256"]).hex()
    )
