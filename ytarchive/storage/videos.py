"""How a finished video enters the archive, and how what a crash cut short is finished.

    hash, checksums.sha256, sync  ->  note the move, durably  ->  rename, sync  ->  register

A crash before the note leaves the folder in staging. A crash after it is finished by the same code
at the next start, from whatever step it had reached: moving and registering may be repeated.

Captions and a thumbnail that come later go the same way, to where the media is and stays.
"""

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from loguru import logger

from ytarchive.common.errors import IntegrityFailure, LocalError, NotFound, YTArchiveError
from ytarchive.common.models import utc_now
from ytarchive.storage import files, intake
from ytarchive.storage.api import SaveVideo, StorageLocation
from ytarchive.storage.intake import Registration, StoredFile
from ytarchive.storage.layout import CHECKSUMS, Layout, side_file
from ytarchive.storage.repository import FileSet, Library, Move

log = logger.bind(service="storage")


class VideoStore:
    """Takes videos in. Callers see to it that no video is taken in twice at the same time."""

    def __init__(self, library: Library, layout: Layout) -> None:
        self._library = library
        self._layout = layout
        # Hashing fills a core, so more at a time would only keep other threads waiting.
        self._hashing = asyncio.Semaphore(os.cpu_count() or 1)

    async def save(self, request: SaveVideo) -> StorageLocation:
        """Take in a staged folder, or register a file where it lies. It may be repeated."""
        interrupted = await self._library.move_of(request.video_id)
        if interrupted is not None:
            await self._finish(interrupted)
        if request.staged_path is not None and request.only_missing:
            await self._save_side_files(request, request.staged_path)
        elif request.staged_path is not None:
            await self._save_staged(request, request.staged_path)
        elif request.video_path is not None:
            await self._save_in_place(request, request.video_path)
        location = await self.locate(request.video_id)
        if location.video_path is None:
            raise NotFound(f"there is no download of {request.video_id}")
        return location

    async def locate(self, video_id: str) -> StorageLocation:
        """Where a video lies; without `video_path` if its file has gone.

        Raises NotFound if nothing of it is stored.
        """
        location = await self._library.location(video_id)
        described = await asyncio.to_thread(Path(location.metadata_path).is_file)
        location = location.model_copy(update={"has_metadata": described})
        path = location.video_path
        if path is None or await asyncio.to_thread(Path(path).is_file):
            return location
        log.warning("{}: registered, but {} is missing", video_id, path)
        return location.model_copy(update={"video_path": None})

    async def recover(self) -> None:
        """Finish what a crash cut short. What cannot be finished is logged and stays noted."""
        for move in await self._library.moves():
            try:
                await self._finish(move)
            except YTArchiveError as error:
                log.error("{}: not stored: {}", move.files.video_id, error.message)

    async def _save_staged(self, request: SaveVideo, staged_path: str) -> None:
        staged = self._layout.staged_folder(staged_path)
        target = self._layout.video_folder(request.video_id, request.output_path)
        if not await asyncio.to_thread(staged.is_dir):
            return  # it has been taken in before, or there is nothing
        async with self._hashing:
            prepared = await asyncio.to_thread(intake.prepare, staged, target, request.video_id)
        earlier = (await self._library.stored_among([request.video_id])).get(request.video_id)
        stored = FileSet(request.video_id, target, prepared, request.quality, request.missing)
        await self._carry_out(Move(staged, stored))
        if earlier is not None and earlier.media.parent != target:
            message = "{}: stored again, in {}; the files in {} stay registered, and verified"
            log.warning(message, request.video_id, target, earlier.media.parent)

    async def _save_side_files(self, request: SaveVideo, staged_path: str) -> None:
        """Add captions and thumbnail to a stored video; at least note what is still missing."""
        staged = self._layout.staged_folder(staged_path)
        video_id = request.video_id
        location = await self.locate(video_id)
        if location.video_path is None:
            raise NotFound(f"{video_id} is not stored, so nothing can be added to it")
        not_asked = [each for each in location.missing if each not in request.only_missing]
        missing = [*not_asked, *request.missing]
        if not await asyncio.to_thread(files.list_files, staged):
            await self._library.set_missing(video_id, missing)
            return
        target = Path(location.video_path).parent
        known = await self._library.files_beside(video_id, target)
        async with self._hashing:
            prepared = await asyncio.to_thread(
                intake.prepare_side_files, staged, target, video_id, known
            )
        stored = FileSet(video_id, target, prepared, location.quality, missing, adds=True)
        await self._carry_out(Move(staged, stored))

    async def _save_in_place(self, request: SaveVideo, video_path: str) -> None:
        media = self._layout.media_file(video_path)
        async with self._hashing:
            found = await asyncio.to_thread(_describe_in_place, media)
        stored = FileSet(request.video_id, media.parent, found, request.quality)
        await asyncio.to_thread(self._note_registration, stored)
        await self._register(stored)

    def _note_registration(self, stored: FileSet) -> None:
        """Keep in a file what the files themselves do not tell; `rebuild` reads it."""
        note = Registration(
            video_id=stored.video_id,
            folder=self._layout.relative(stored.folder),
            files=stored.files,
            quality=stored.quality,
            stored_at=utc_now(),
        )
        path = self._layout.registration_file(stored.video_id)
        content = note.model_dump_json(indent=2).encode()
        files.write_atomically(path, content, self._layout.scratch)

    async def _finish(self, move: Move) -> None:
        """Finish an interrupted move, unless nothing was moved and staging has changed since."""
        video_id = move.files.video_id
        if not await asyncio.to_thread(lambda: _is_ready(move) or _has_begun(move)):
            log.warning("{}: was not moved and has changed; forgotten", video_id)
            await self._library.forget_move(video_id)
            return
        log.info("{}: finishing an interrupted move", video_id)
        await self._register(await asyncio.to_thread(_go_on, move, self._layout.scratch))

    async def _carry_out(self, move: Move) -> None:
        await self._library.begin_move(move)
        try:
            stored = await asyncio.to_thread(_move, move)
        except LocalError:
            with suppress(LocalError):  # the first failure is the one to tell
                if await asyncio.to_thread(_is_ready, move):
                    await self._library.forget_move(move.files.video_id)
            raise
        await self._register(stored)

    async def _register(self, stored: FileSet) -> None:
        await self._library.register(stored)
        size = sum(file.size_bytes for file in stored.files)
        log.info("{}: stored {} files, {} bytes", stored.video_id, len(stored.files), size)


def _describe_in_place(media: Path) -> list[StoredFile]:
    names = intake.beside(media)
    files.sync_all(media.parent, names)
    return intake.describe(media.parent, names)


def _move(move: Move) -> FileSet:
    """Move what was prepared a moment ago, and tell which of its files are there afterwards."""
    files.move_set(move.staged, move.files.folder, [file.name for file in move.files.files])
    return _arrived(move, intake.present(move.files.folder, move.files.files))


def _go_on(move: Move, scratch: Path) -> FileSet:
    """Move what is left of an earlier attempt.

    Another download may have filled staging since then, and what lies in the target may be of an
    earlier one: sizes say nothing, only digests tell whose a file is.
    """
    target = move.files.folder
    ready = intake.intact(move.staged, move.files.files)
    if move.files.media not in ready or not _has_begun(move):
        files.move_set(move.staged, target, [file.name for file in ready])
    stored = _arrived(move, intake.intact(target, move.files.files))
    return replace(stored, files=_with_checksums(target, stored.files, scratch))


def _arrived(move: Move, there: list[StoredFile]) -> FileSet:
    if move.files.media not in there:
        raise IntegrityFailure(f"the media file of {move.files.video_id} vanished on its way")
    lost = [side_file(file.name) for file in move.files.files if file not in there]
    missing = [*move.files.missing, *filter(None, lost)]
    return replace(move.files, files=there, missing=list(dict.fromkeys(missing)))


def _with_checksums(folder: Path, stored: list[StoredFile], scratch: Path) -> list[StoredFile]:
    """See to it that the folder's list of digests has these files, and is one of them."""
    if any(file.name == CHECKSUMS for file in stored):
        return stored
    digests = {file.name: file.sha256 for file in stored}
    files.replace_checksums(folder, files.read_checksums(folder) | digests, scratch)
    return [*stored, *intake.describe(folder, [CHECKSUMS])]


def _is_ready(move: Move) -> bool:
    """Whether all of it still waits in staging, as it was prepared, and nothing else."""
    names = {file.name for file in intake.intact(move.staged, move.files.files)}
    return move.files.media.name in names and names >= set(files.list_files(move.staged))


def _has_begun(move: Move) -> bool:
    """Whether the media, which is moved first, is in its place."""
    return bool(intake.intact(move.files.folder, [move.files.media]))
