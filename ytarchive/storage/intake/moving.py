"""Executes a prepared move: moves replaced files to their bin, then new files to the folder.

Each step can be repeated, so the same code finishes a move that a crash interrupted.
"""

import asyncio
from dataclasses import replace

from ytarchive.common.archived_files import Role
from ytarchive.common.errors import IntegrityFailure
from ytarchive.storage.bins.bins import Bins
from ytarchive.storage.bins.models import TrashItem
from ytarchive.storage.history.records import HistoryRecords, side_files_of
from ytarchive.storage.library.records import FileSet, Move
from ytarchive.storage.store import file_sets
from ytarchive.storage.store.checksums import checksum_lines
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.layout import CHECKSUMS, Layout
from ytarchive.storage.store.store_folder import StoreFolder

_ORDER = {Role.MEDIA: 0, Role.MANIFEST: 2, Role.CHECKSUMS: 3}


class Mover:
    """Moves files to the media store of one archive."""

    def __init__(self, layout: Layout, bins: Bins) -> None:
        self._store = bins.store
        self._bins = bins
        self._history = HistoryRecords(layout)

    def folder(self, prefix: str) -> StoreFolder:
        """Return the files below a prefix, also of staging."""
        return StoreFolder(self._store, prefix)

    async def execute(self, move: Move) -> FileSet:
        """Execute a move that was just prepared. Return the files that are stored afterwards.

        Raises DiskFull, NotWritable, FileFailure or IntegrityFailure.
        """
        for item in move.displaced:
            await self._displace(item)
        await self._transfer(move, move.files.files)
        there = await file_sets.present(self.folder(move.files.folder), move.files.files)
        return _arrived(move, there)

    async def finish(self, move: Move) -> FileSet:
        """Execute the remaining steps of an interrupted move. Return the stored files.

        Staging may have the files of a later download by now, and the target those of an earlier
        one. Therefore files are identified by their digests; their sizes are not sufficient.
        """
        ready = await file_sets.intact(self.folder(move.staged), move.files.files)
        if move.files.media not in ready or not await self.has_begun(move):
            await self._displace_again(move, ready)
            await self._transfer(move, ready)
        target = self.folder(move.files.folder)
        stored = _arrived(move, await file_sets.intact(target, move.files.files))
        return replace(stored, files=await self._with_checksums(stored))

    async def undo(self, move: Move) -> None:
        """Restore the files that a move displaced, unless another file is at the path."""
        for item in move.displaced:
            await self._bins.put_back(item)

    async def remove_restored_item(self, move: Move) -> None:
        """Remove the item of the trash or the quarantine whose files a move has restored."""
        item = await self._bins.holder_of(move.staged)
        if item is not None:
            await self._bins.forget_if_empty(item)

    async def is_ready(self, move: Move) -> bool:
        """Return whether staging has the prepared media and only intact prepared files."""
        staged = self.folder(move.staged)
        names = {file.name for file in await file_sets.intact(staged, move.files.files)}
        return move.files.media.name in names and names >= set(await staged.names())

    async def has_begun(self, move: Move) -> bool:
        """Return whether the media, which is moved first, is at its destination."""
        target = self.folder(move.files.folder)
        return bool(await file_sets.intact(target, [move.files.media]))

    async def _transfer(self, move: Move, files: list[StoredFile]) -> None:
        """Move files: the media first, by which `has_begun` decides, and the digests last."""
        names = [file.name for file in sorted(files, key=lambda file: _ORDER.get(file.role, 1))]
        source, target = self.folder(move.staged), self.folder(move.files.folder)
        if source.local_path is not None:
            await self._store.put(source.local_path, target.prefix, names)
            return
        states = await source.states(names)
        for name in (name for name, state in states.items() if not state.is_missing):
            await self._store.move(source.key(name), target.key(name))

    async def _displace(self, item: TrashItem, arrived: dict[str, str] | None = None) -> None:
        if item.video_id is not None:
            entries = await side_files_of(item, self._store)
            await asyncio.to_thread(self._history.append, item.video_id, entries)
        await self._bins.put(item, arrived)

    async def _displace_again(self, move: Move, ready: list[StoredFile]) -> None:
        """Move files to their bin: those whose replacement is ready, and those without one."""
        folder = move.files.folder
        coming = {f"{folder}/{file.name}": file.sha256 for file in move.files.files}
        arriving = {f"{folder}/{file.name}" for file in ready}
        for item in move.displaced:
            files_left = [f for f in item.files if f.path in arriving or f.path not in coming]
            await self._displace(item.model_copy(update={"files": files_left}), coming)

    async def _with_checksums(self, stored: FileSet) -> list[StoredFile]:
        """Return the files with the folder's list of digests, which is written if it is missing."""
        if any(file.name == CHECKSUMS for file in stored.files):
            return stored.files
        folder = self.folder(stored.folder)
        digests = {file.name: file.registered_sha256 for file in stored.files}
        content = checksum_lines(await folder.checksums() | digests)
        await self._store.write(folder.key(CHECKSUMS), content)
        return [*stored.files, file_sets.written_file(CHECKSUMS, content)]


def _arrived(move: Move, there: list[StoredFile]) -> FileSet:
    if move.files.media not in there:
        raise IntegrityFailure(
            f"the media file of {move.files.video_id} disappeared during the move"
        )
    lost = [file.side_file for file in move.files.files if file not in there]
    missing = [*move.files.facts.missing, *filter(None, lost)]
    facts = replace(move.files.facts, missing=list(dict.fromkeys(missing)))
    return replace(move.files, files=there, facts=facts)
