"""How a video's metadata enters the archive, so that its file and its digest never disagree.

    write a draft, sync  ->  register its digest  ->  rename it to its place, sync

A crash before the registration leaves the old file with its old digest. After it, the draft that
has the registered digest is put in its place at the next start; one that was cut short never is,
for the same content may be in place already. Each step is taken for all that are
asked for meanwhile: one turn of a thread, and one sync of the folder, for many small files.
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
from ytarchive.common.errors import FileFailure, LocalError
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
    """A metadata file that waits in the scratch folder."""

    path: Path
    video_id: str
    digest: str


class MetadataStore:
    """Takes metadata in. Callers see to it that no video's is taken in twice at the same time."""

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
        """Write `metadata/videos/<id>.json` and register it; where the video lies."""
        file = self._layout.metadata_file(metadata.video_id)
        await asyncio.to_thread(require_exact_name, file)
        content = metadata.model_dump_json(indent=2).encode()
        draft = self._draft(metadata.video_id, content)
        await self._writing.run((draft, content))
        try:
            location = await self._library.save_metadata(metadata, content)
        except BaseException:
            await asyncio.to_thread(_remove, draft.path)
            raise
        await self._placing.run(draft)
        return location

    async def recover(self) -> None:
        """Put in place what was registered and not renamed; forget the other drafts."""
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
            await self._placing.run(draft)
        else:
            await asyncio.to_thread(_remove, draft.path)

    def _draft(self, video_id: str, content: bytes) -> Draft:
        digest = hashlib.sha256(content).hexdigest()
        path = self._layout.scratch / f"{video_id}.{digest}{files.DRAFT}"
        return Draft(path, video_id, digest)

    def _write(self, drafts: Sequence[tuple[Draft, bytes]]) -> list[Exception | None]:
        return [outcome_of(_write_one, each) for each in drafts]

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
        """Append the present version to the history; one that is damaged goes to quarantine.

        Raises a LocalError if it is not certain what the present version is.
        """
        older = _readable(path)
        if older is None:
            self._quarantine(draft.video_id, path)
            return
        if _version(older) != _version(VideoMetadata.model_validate_json(files.read(draft.path))):
            entry = HistoryEntry(
                kind=HistoryKind.METADATA,
                time=older.fetched_at,
                source=older.source,
                data=older.model_dump(mode="json"),
            )
            self._history.append(draft.video_id, [entry])

    def _quarantine(self, video_id: str, path: Path) -> None:
        named = TrashedFile(path=self._layout.relative(path), size_bytes=files.size(path) or 0)
        folder = self._layout.relative(path.parent)
        detail = "metadata that cannot be read, fetched again"
        self._bins.put(
            new_item(BinName.QUARANTINE, Reason.DAMAGED, folder, [named], video_id, detail)
        )

    def _drafts(self) -> Iterator[Draft]:
        for path in _drafts_in(self._layout.scratch):
            video_id, _, digest = path.name.removesuffix(files.DRAFT).partition(".")
            yield Draft(path, video_id, digest)


def _readable(path: Path) -> VideoMetadata | None:
    """Return the metadata in a file; None if it has none, or is no regular file."""
    if files.size(path) is None:
        return None
    try:
        return VideoMetadata.model_validate_json(files.read(path))
    except ValidationError:
        return None


def _version(metadata: VideoMetadata) -> VideoMetadata:
    """Return what makes a version of metadata: all but when and how it was fetched."""
    return metadata.model_copy(update={"fetched_at": None, "source": None})


def _drafts_in(folder: Path) -> list[Path]:
    return [path for path in entries(folder) if path.suffix == files.DRAFT]


def _write_one(each: tuple[Draft, bytes]) -> None:
    draft, content = each
    _remove(draft.path)  # of an attempt that failed
    files.write_durably(draft.path, [content])


def _remove(path: Path) -> None:
    with os_errors(path):
        path.unlink(missing_ok=True)
