"""Stores the metadata of videos so that each file always matches its registered digest.

    write a draft, sync  ->  register its digest  ->  rename it to its place, sync

After a crash before the registration, the old file is still there with its old digest. After a
later crash, the next start renames the draft that has the registered digest. A truncated draft is
never renamed, because the same content may already be in place. Concurrent requests share each
step: many small files need one run of a thread and one sync of the folder.
"""

import asyncio
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from loguru import logger
from pydantic import ValidationError

from ytarchive.common.case import require_exact_name
from ytarchive.common.disk import os_errors, sync
from ytarchive.common.errors import FileFailure, LocalError, NotFound
from ytarchive.common.filesystem import entries
from ytarchive.common.grouping import Grouped, outcome_of
from ytarchive.common.json_text import stored_json
from ytarchive.common.media import VideoMetadata
from ytarchive.storage.bins.bins import Bins, new_item
from ytarchive.storage.bins.models import BinName, Reason, TrashedFile
from ytarchive.storage.history.models import HistoryEntry, HistoryKind
from ytarchive.storage.history.records import HistoryRecords
from ytarchive.storage.library.models import StorageLocation
from ytarchive.storage.library.repository import Library
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import Layout

log = logger.bind(service="storage")

_LARGEST_GROUP = 100


@dataclass(frozen=True)
class Draft:
    """A metadata file in the scratch folder, not yet renamed."""

    path: Path
    video_id: str
    digest: str


class _UnreadableError(Exception):
    """The stored metadata is damaged and must be quarantined first."""


class MetadataStore:
    """Stores metadata. Callers must not store that of one video twice at the same time."""

    def __init__(self, library: Library, layout: Layout, bins: Bins) -> None:
        self._library = library
        self._layout = layout
        self._bins = bins
        self._history = HistoryRecords(layout)
        self._writing = Grouped[tuple[Draft, bytes], None](self._write, most=_LARGEST_GROUP)
        self._placing = Grouped[Draft, None](self._put_in_place, most=_LARGEST_GROUP)

    async def get(self, video_id: str) -> VideoMetadata:
        """Return a video's stored metadata. Raises NotFound or FileFailure."""
        path = self._layout.metadata_file(video_id)
        content = await asyncio.to_thread(files.read, path)
        try:
            return VideoMetadata.model_validate(stored_json(content))
        except ValueError as error:
            raise FileFailure(f"{path} is damaged; fetch the metadata again") from error

    async def save(self, metadata: VideoMetadata) -> StorageLocation:
        """Write and register `metadata/videos/<id>.json`. Return where the video is stored."""
        content = metadata.model_dump_json(indent=2).encode()
        draft = self._draft(metadata.video_id, content)
        await self._writing.run((draft, content))
        try:
            location = await self._library.save_metadata(metadata, content)
        except BaseException:
            await asyncio.to_thread(_remove, draft.path)
            raise
        await self._place(draft)
        return location

    async def put_back(self, metadata: VideoMetadata) -> None:
        """Store metadata that was removed; if there is newer metadata, record it in the history."""
        try:
            current = await self.get(metadata.video_id)
        except (NotFound, FileFailure):
            await self.save(metadata)
            return
        if _version(current) != _version(metadata):
            entries = [_history_entry(metadata)]
            await asyncio.to_thread(self._history.append, metadata.video_id, entries)

    async def recover(self) -> None:
        """Rename the drafts that were registered, and delete the others."""
        for draft in await asyncio.to_thread(lambda: list(self._drafts())):
            path = self._layout.relative(self._layout.metadata_file(draft.video_id))
            registered = await self._library.digest_of(draft.video_id, path)
            try:
                await self._recover(draft, registered)
            except LocalError as error:
                log.error("{}: its metadata is not finished: {}", draft.video_id, error.message)

    async def _recover(self, draft: Draft, registered: str | None) -> None:
        if registered == draft.digest == await asyncio.to_thread(files.sha256, draft.path):
            log.info("{}: finishing its metadata", draft.video_id)
            await self._place(draft)
        else:
            await asyncio.to_thread(_remove, draft.path)

    async def _place(self, draft: Draft) -> None:
        try:
            await self._placing.run(draft)
        except _UnreadableError:
            await self._quarantine(draft.video_id)
            await self._placing.run(draft)

    def _draft(self, video_id: str, content: bytes) -> Draft:
        digest = hashlib.sha256(content).hexdigest()
        path = self._layout.scratch / f"{video_id}.{digest}{files.DRAFT}"
        return Draft(path, video_id, digest)

    def _write(self, drafts: Sequence[tuple[Draft, bytes]]) -> list[Exception | None]:
        return [outcome_of(self._write_one, each) for each in drafts]

    def _write_one(self, each: tuple[Draft, bytes]) -> None:
        draft, content = each
        require_exact_name(self._layout.metadata_file(draft.video_id))
        _remove(draft.path)  # left by a failed attempt
        files.write_durably(draft.path, [content])

    def _put_in_place(self, drafts: Sequence[Draft]) -> list[Exception | None]:
        renamed = [outcome_of(self._rename, draft) for draft in drafts]
        folder = self._layout.metadata_folder
        with os_errors(folder):
            sync(folder)
        return renamed

    def _rename(self, draft: Draft) -> None:
        path = self._layout.metadata_file(draft.video_id)
        if os.path.lexists(path):
            self._keep_older(draft, path)
        with os_errors(path):
            draft.path.replace(path)

    def _keep_older(self, draft: Draft, path: Path) -> None:
        """Append the current version to the history.

        Raises _UnreadableError if it is damaged, or a LocalError if it cannot be determined.
        """
        older = _readable(path)
        if older is None:
            raise _UnreadableError
        if _version(older) != _version(VideoMetadata.model_validate_json(files.read(draft.path))):
            self._history.append(draft.video_id, [_history_entry(older)])

    async def _quarantine(self, video_id: str) -> None:
        path = self._layout.metadata_file(video_id)
        size = await asyncio.to_thread(files.size, path)
        named = TrashedFile(path=self._layout.relative(path), size_bytes=size or 0)
        folder = self._layout.relative(path.parent)
        detail = "metadata that cannot be read, fetched again"
        await self._bins.put(
            new_item(BinName.QUARANTINE, Reason.DAMAGED, folder, [named], video_id, detail)
        )

    def _drafts(self) -> Iterator[Draft]:
        for path in entries(self._layout.scratch):
            if path.suffix != files.DRAFT:
                continue
            video_id, _, digest = path.name.removesuffix(files.DRAFT).partition(".")
            yield Draft(path, video_id, digest)


def _readable(path: Path) -> VideoMetadata | None:
    """Return the metadata in a file; None if it is invalid or not a regular file."""
    if files.size(path) is None:
        return None
    try:
        return VideoMetadata.model_validate_json(files.read(path))
    except ValidationError:
        return None


def _history_entry(older: VideoMetadata) -> HistoryEntry:
    return HistoryEntry(
        kind=HistoryKind.METADATA,
        time=older.fetched_at,
        source=older.source,
        data=older.model_dump(mode="json"),
    )


def _version(metadata: VideoMetadata) -> VideoMetadata:
    """Return the metadata without what depends on the time and source, to compare versions."""
    unequal = ("fetched_at", "source", "language", "members_only")
    return metadata.model_copy(update=dict.fromkeys(unequal))


def _remove(path: Path) -> None:
    with os_errors(path):
        path.unlink(missing_ok=True)
