"""Executes a prepared move: moves replaced files to their bin, then new files to the folder.

Each step can be repeated, so the same code finishes a move that a crash interrupted.

Everything here blocks; callers run it in a thread.
"""

from dataclasses import replace

from ytarchive.common.errors import IntegrityFailure
from ytarchive.storage.bins.bins import Bins
from ytarchive.storage.history.records import HistoryRecords
from ytarchive.storage.library.records import FileSet, Move
from ytarchive.storage.store import file_sets, files
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.layout import CHECKSUMS, Layout, side_file


class Mover:
    """Moves the files of one archive."""

    def __init__(self, layout: Layout, bins: Bins) -> None:
        self._layout = layout
        self._bins = bins
        self._history = HistoryRecords(layout)

    def carry_out(self, move: Move) -> FileSet:
        """Execute a move that was just prepared. Return the files that are stored afterwards.

        Raises DiskFull, NotWritable, FileFailure or IntegrityFailure.
        """
        for item in move.displaced:
            self._history.replaced(item)
            self._bins.put(item)
        files.move_set(move.staged, move.files.folder, [file.name for file in move.files.files])
        return _arrived(move, file_sets.present(move.files.folder, move.files.files))

    def finish(self, move: Move) -> FileSet:
        """Execute the remaining steps of an interrupted move. Return the stored files.

        Staging may have the files of a later download by now, and the target those of an earlier
        one. Therefore files are identified by their digests; their sizes are not sufficient.
        """
        target = move.files.folder
        ready = file_sets.intact(move.staged, move.files.files)
        if move.files.media not in ready or not has_begun(move):
            self._displace(move, ready)
            files.move_set(move.staged, target, [file.name for file in ready])
        stored = _arrived(move, file_sets.intact(target, move.files.files))
        return replace(stored, files=self._with_checksums(stored))

    def undo(self, move: Move) -> None:
        """Restore the files that a move displaced, unless another file is at the path."""
        for item in move.displaced:
            self._bins.put_back(item)

    def tidy(self, move: Move) -> None:
        """Remove the item of the trash or the quarantine whose files a move has restored."""
        item = self._bins.holder_of(move.staged)
        if item is not None:
            self._bins.forget_if_empty(item)

    def _displace(self, move: Move, ready: list[StoredFile]) -> None:
        """Move files to their bin: those whose replacement is ready, and those without one."""
        folder = self._layout.relative(move.files.folder)
        coming = {f"{folder}/{file.name}": file.sha256 for file in move.files.files}
        arriving = {f"{folder}/{file.name}" for file in ready}
        for item in move.displaced:
            files_left = [f for f in item.files if f.path in arriving or f.path not in coming]
            leaving = item.model_copy(update={"files": files_left})
            self._history.replaced(leaving)
            self._bins.put(leaving, coming)

    def _with_checksums(self, stored: FileSet) -> list[StoredFile]:
        """Return the files with the folder's list of digests, which is written if it is missing."""
        if any(file.name == CHECKSUMS for file in stored.files):
            return stored.files
        digests = {file.name: file.registered_sha256 for file in stored.files}
        known = files.read_checksums(stored.folder)
        files.replace_checksums(stored.folder, known | digests, self._layout.scratch)
        return [*stored.files, *file_sets.describe(stored.folder, [CHECKSUMS])]


def is_ready(move: Move) -> bool:
    """Return whether staging has the prepared media and only intact prepared files."""
    names = {file.name for file in file_sets.intact(move.staged, move.files.files)}
    return move.files.media.name in names and names >= set(files.list_files(move.staged))


def has_begun(move: Move) -> bool:
    """Return whether the media, which is moved first, is at its destination."""
    return bool(file_sets.intact(move.files.folder, [move.files.media]))


def _arrived(move: Move, there: list[StoredFile]) -> FileSet:
    if move.files.media not in there:
        raise IntegrityFailure(f"the media file of {move.files.video_id} vanished on its way")
    lost = [side_file(file.name) for file in move.files.files if file not in there]
    missing = [*move.files.missing, *filter(None, lost)]
    return replace(move.files, files=there, missing=list(dict.fromkeys(missing)))
