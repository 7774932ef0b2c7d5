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
from ytarchive.storage.history.comparing import Comparison, Verdict, compare, lacking
from ytarchive.storage.history.records import HistoryRecords
from ytarchive.storage.history.versions import incomplete_line
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


@dataclass(frozen=True)
class _Prepared:
    """What is known after an answer, as a draft."""

    comparison: Comparison
    draft: Draft
    content: bytes


@dataclass(frozen=True)
class Saved:
    """Where the video of some metadata is stored, and what the metadata changed."""

    location: StorageLocation
    comparison: Comparison


class _UnreadableError(Exception):
    """The stored metadata is damaged and must be quarantined first."""


class MetadataStore:
    """Stores metadata. Callers must not store that of one video twice at the same time."""

    def __init__(self, library: Library, layout: Layout, bins: Bins) -> None:
        self._library = library
        self._layout = layout
        self._bins = bins
        self._history = HistoryRecords(layout)
        self._writing = Grouped[VideoMetadata, _Prepared](self._write, most=_LARGEST_GROUP)
        self._placing = Grouped[Draft, None](self._put_in_place, most=_LARGEST_GROUP)

    async def get(self, video_id: str) -> VideoMetadata:
        """Return a video's stored metadata. Raises NotFound or FileFailure."""
        path = self._layout.metadata_file(video_id)
        content = await asyncio.to_thread(files.read, path)
        try:
            return VideoMetadata.model_validate(stored_json(content))
        except ValueError as error:
            raise FileFailure(f"{path} is damaged; fetch the metadata again") from error

    async def save(self, answer: VideoMetadata, *, with_counts: bool = False) -> Saved:
        """Write and register `metadata/videos/<id>.json`, unless the answer lacks what is known.

        `with_counts`: also append the numbers of views, likes and comments to the history.
        """
        prepared = await self._writing.run(answer)
        metadata, draft = prepared.comparison.result, prepared.draft
        try:
            location = await self._library.save_metadata(metadata, prepared.content)
        except BaseException:
            await asyncio.to_thread(_remove, draft.path)
            raise
        await self._place(draft)
        if with_counts and prepared.comparison.verdict is not Verdict.INCOMPLETE:
            await asyncio.to_thread(self._history.record_counts, metadata)
        return Saved(location, prepared.comparison)

    async def put_back(self, metadata: VideoMetadata) -> None:
        """Store metadata that was removed; if there is newer metadata, record it in the history."""
        try:
            current = await self.get(metadata.video_id)
        except (NotFound, FileFailure):
            await self.save(metadata)
            return
        await asyncio.to_thread(self._history.record_versions, metadata, current)

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

    def _write(self, answers: Sequence[VideoMetadata]) -> list[_Prepared | Exception]:
        return [outcome_of(self._write_one, each) for each in answers]

    def _write_one(self, answer: VideoMetadata) -> _Prepared:
        comparison = self._compared(answer)
        content = comparison.result.model_dump_json(indent=2).encode()
        digest = hashlib.sha256(content).hexdigest()
        path = self._layout.scratch / f"{answer.video_id}.{digest}{files.DRAFT}"
        require_exact_name(self._layout.metadata_file(answer.video_id))
        _remove(path)  # left by a failed attempt
        files.write_durably(path, [content])
        return _Prepared(comparison, Draft(path, answer.video_id, digest), content)

    def _compared(self, answer: VideoMetadata) -> Comparison:
        """Return what follows from an answer; one that changes nothing is recorded."""
        path = self._layout.metadata_file(answer.video_id)
        known = _readable(path) if os.path.lexists(path) else None
        if known is None or known.is_provisional:
            return Comparison(Verdict.CHANGED, answer)
        if not lacking(known, answer):
            return compare(known, answer)
        comparison = compare(known, answer, self._history.read(answer.video_id))
        if comparison.verdict is Verdict.INCOMPLETE:
            lacks = ", ".join(comparison.lacks)
            log.warning("{}: the answer lacks what is known: {}", answer.video_id, lacks)
            line = incomplete_line(answer, comparison.lacks)
            self._history.append(answer.video_id, [line])
        return comparison

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
        """Append the new version to the history, and the current one if it is the first.

        Raises _UnreadableError if it is damaged, or a LocalError if it cannot be determined.
        """
        older = _readable(path)
        if older is None:
            raise _UnreadableError
        if not older.is_provisional:
            newer = VideoMetadata.model_validate_json(files.read(draft.path))
            self._history.record_versions(older, newer)

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


def _remove(path: Path) -> None:
    with os_errors(path):
        path.unlink(missing_ok=True)
