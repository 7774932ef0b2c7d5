"""The history files: one JSON object per line, oldest first. Lines are appended, never changed.

Readers ignore a line that a crash truncated, and the next entry starts a new line.
Everything here blocks; callers run it in a thread.
"""

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from ytarchive.common.archived_files import Role
from ytarchive.common.config import StorageConfig
from ytarchive.common.disk import os_errors, sync, sync_descriptor
from ytarchive.common.errors import LocalError, NotFound
from ytarchive.common.media import VideoMetadata
from ytarchive.common.regular import append_regular
from ytarchive.storage.bins.models import TrashItem
from ytarchive.storage.history.models import HistoryEntry, HistoryKind
from ytarchive.storage.history.versions import counts_line, version_lines
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import VIDEO_ID, Layout
from ytarchive.storage.store.manifest import manifest_in, types_in
from ytarchive.storage.store.media_store import FileState, MediaStore
from ytarchive.storage.store.store_folder import StoreFolder

_LARGEST_FILE = 4 * 2**20
"""Bytes. For a larger side file, only its name, size and digest are recorded."""
_KINDS = {Role.THUMBNAIL: HistoryKind.THUMBNAIL, Role.CAPTIONS: HistoryKind.CAPTIONS}


class HistoryRecords:
    """The history files of one archive."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def append(self, video_id: str, entries: Sequence[HistoryEntry]) -> None:
        """Append entries durably, except those already recorded.

        Raises DiskFull, NotWritable or FileFailure.
        """
        if not entries:
            return
        path = self._layout.history_file(video_id)
        recorded = set(_lines(path))
        lines = (entry.model_dump_json().encode() for entry in entries)
        fresh = [line for line in lines if line not in recorded]
        if not fresh:
            return
        files.make_folders(path.parent)
        with os_errors(path), append_regular(path) as file:
            file.write(_start(path) + b"".join(line + b"\n" for line in fresh))
            sync_descriptor(file.fileno(), path)
        with os_errors(path):
            sync(path.parent)

    def record_versions(self, *versions: VideoMetadata) -> None:
        """Append what the history lacks of these versions of a video, oldest first."""
        video_id = versions[0].video_id
        self.append(video_id, version_lines(self.read(video_id), *versions))

    def record_counts(self, metadata: VideoMetadata) -> None:
        """Append the numbers of a video, unless the last ones are the same."""
        line = counts_line(metadata, self.read(metadata.video_id))
        self.append(metadata.video_id, [line] if line else [])

    def read(self, video_id: str) -> list[HistoryEntry]:
        """Return the entries of a video, oldest first. Raises FileFailure."""
        return list(_entries(self._layout.history_file(video_id)))


def availability_history(config: StorageConfig) -> Iterator[tuple[str, HistoryEntry]]:
    """Iterate over the videos with evidence of their availability, with the newest evidence."""
    for path in sorted(Layout.of(config).history_folder.glob("*.jsonl")):
        newest = newest_availability(path) if VIDEO_ID.fullmatch(path.stem) else None
        if newest is not None:
            yield path.stem, newest


def newest_availability(path: Path) -> HistoryEntry | None:
    """Return the newest evidence of availability in a history file; None if it has none."""
    of_kind = [each for each in _readable(path) if each.kind is HistoryKind.AVAILABILITY]
    return of_kind[-1] if of_kind else None


async def side_files_of(item: TrashItem, store: MediaStore) -> list[HistoryEntry]:
    """Return the entries of the side files of an item that is about to be moved to a bin."""
    entries: list[HistoryEntry] = []
    states = await store.stat(file.path for file in item.files)
    types = types_in(await manifest_in(StoreFolder(store, item.folder)))
    for file in item.files:
        role = types[file.path.removeprefix(f"{item.folder}/")].role
        kind, state = _KINDS.get(role), states[file.path]
        if kind is not None and state.is_file:
            name = PurePosixPath(file.path).name
            known = {"name": name, "size_bytes": file.size_bytes, "sha256": file.sha256}
            data = known | await _content(store, state, kind)
            entries.append(HistoryEntry(kind=kind, time=item.moved_at, source="youtube", data=data))
    return entries


async def _content(store: MediaStore, state: FileState, kind: HistoryKind) -> dict[str, str]:
    if (state.size or 0) > _LARGEST_FILE:
        return {}
    content = await store.read(state.key)
    if kind is HistoryKind.CAPTIONS:
        return {"text": content.decode("utf-8", "replace")}
    return {"base64": base64.b64encode(content).decode()}


def _start(path: Path) -> bytes:
    """Return the line break that a truncated last line needs."""
    content = files.read(path)
    return b"\n" if content and not content.endswith(b"\n") else b""


def _lines(path: Path) -> list[bytes]:
    try:
        return files.read(path).splitlines()
    except NotFound:
        return []


def _entries(path: Path) -> Iterator[HistoryEntry]:
    for line in _lines(path):
        try:
            yield HistoryEntry.model_validate_json(line)
        except ValidationError:
            continue  # truncated by a crash, or written by a later version


def _readable(path: Path) -> list[HistoryEntry]:
    try:
        return list(_entries(path))
    except LocalError:
        return []
