"""Stores finished videos, and finishes moves that a crash interrupted.

    compare, hash, checksums.sha256, sync  ->  record the move, durably
        ->  move replaced files to the trash  ->  rename, sync  ->  register

After a crash before the move is recorded, the folder is still in staging. After a later crash, the
same code finishes the move at the next start from any step: moving and registering can be repeated.
Until the new files are in place, the files that they replace are in place or in the trash. Captions
and a thumbnail that are fetched later are stored in the same way, next to the media.
"""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath

from loguru import logger

from ytarchive.common.archived_files import ArchivedFile, Role
from ytarchive.common.errors import LocalError, NotFound, PathOutsideArchive, YTArchiveError
from ytarchive.common.events import VideoChanged, publish
from ytarchive.common.models import utc_now
from ytarchive.common.paths import staged_name
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.side_files import caption_languages_of
from ytarchive.storage.bins.bins import Bins
from ytarchive.storage.intake.changes import StoredCopy
from ytarchive.storage.intake.moving import Mover
from ytarchive.storage.intake.swapping import Swap
from ytarchive.storage.library.absent_captions import AbsentCaptions
from ytarchive.storage.library.models import SaveVideo, StorageLocation
from ytarchive.storage.library.records import FileSet, Move
from ytarchive.storage.library.repository import Library
from ytarchive.storage.store import file_sets, files
from ytarchive.storage.store.file_sets import Registration
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.manifest import Facts
from ytarchive.storage.store.media_store import FileKind

log = logger.bind(service="storage")


class VideoStore:
    """Stores videos. Callers must not store the same video twice at the same time."""

    def __init__(
        self, library: Library, layout: Layout, bins: Bins, absent: AbsentCaptions
    ) -> None:
        self.library = library
        self.absent = absent
        self.layout = layout
        self.store = bins.store
        self._mover = Mover(layout, bins)
        # Hashing uses a whole core, so more tasks than cores would only block other threads.
        self._hashing = asyncio.Semaphore(os.cpu_count() or 1)

    async def save(
        self,
        request: SaveVideo,
        staged: str | None = None,
        expected: Mapping[str, str] | None = None,
    ) -> StorageLocation:
        """Store a staged folder, or register a file in place. The call is idempotent.

        `staged`: the key of a folder other than that of the download. `expected`: digests of its
        files by name. Raises IntegrityFailure if one differs.
        """
        kept, is_first = None, False
        await self.finish_move(request.video_id)
        if request.video_path is not None:
            await self._save_in_place(request, request.video_path)
        elif request.only_missing:
            await self._save_side_files(request)
        else:
            kept, is_first = await self._save_staged(request, staged, expected or {})
        location = await self.locate(request.video_id)
        if location.video_path is None:
            raise NotFound(f"there is no download of {request.video_id}")
        sought = caption_languages_of(request.only_missing)
        await self.absent.record(request.video_id, sought, request.absent_captions)
        publish(VideoChanged(video_id=request.video_id, change="stored"))
        if kept is not None:
            log.info("{}: the download is not stored: {}", request.video_id, kept)
        return location.model_copy(update={"kept_reason": kept, "is_first": is_first})

    async def finish_move(self, video_id: str) -> None:
        """Finish a move of the video that an earlier attempt left unfinished."""
        interrupted = await self.library.move_of(video_id)
        if interrupted is not None:
            await self._finish(interrupted)

    async def locate(self, video_id: str) -> StorageLocation:
        """Return where a video is stored, without `video_path` if its file is missing.

        Raises NotFound if nothing of the video is stored.
        """
        location = await self.library.location(video_id)
        metadata = self.layout.relative(self.layout.metadata_file(video_id))
        key = self.layout.key_of(location.video_path) if location.video_path else metadata
        states = await self.store.stat({metadata, key})
        described = states[metadata].leads_to_file
        location = location.model_copy(update={"has_metadata": described})
        location = await self.absent.with_due(location)
        if location.video_path is None or states[key].leads_to_file:
            return location
        log.warning("{}: registered, but {} is missing", video_id, key)
        return location.model_copy(update={"video_path": None})

    async def recover(self) -> None:
        """Finish interrupted moves. A move that fails again is logged and stays recorded."""
        for move in await self.library.moves():
            try:
                await self._finish(move)
            except (YTArchiveError, OSError) as error:
                log.error("{}: not stored: {}", move.files.video_id, error)

    async def _save_staged(
        self, request: SaveVideo, folder_key: str | None, expected: Mapping[str, str]
    ) -> tuple[str | None, bool]:
        """Store a download. Return why the stored media is kept, and whether there was none."""
        target = await self.store.place(request.output_path or "", request.video_id)
        staged, is_there = await self._staged(request, folder_key)
        if not is_there:
            return None, False  # it was stored before, or there is no download
        known, _ = await self.library.stored_among([request.video_id])
        earlier = known.get(request.video_id)
        profile = request.profile
        if earlier and profile:
            profile = profile.with_side_files_of(earlier.profile)
        home = _parent(earlier.media) if earlier else target
        async with self._hashing:
            for folder in dict.fromkeys([target, home] if earlier else []):
                swap = await self._swap(request.video_id, staged, folder)
                reason = await swap.compare_media(request.quality, replace=request.replace)
                if reason is not None:
                    await self._keep(request, swap, staged)
                    return reason, False
            swap = await self._swap(request.video_id, staged, target, is_new=earlier is None)
            absent = await self.absent.after(request.video_id, [], request.absent_captions)
            facts = Facts(request.quality, request.missing, profile, absent, utc_now())
            change = await swap.take(_replaced_by(request.quality), facts)
            file_sets.require_digests(change.files, expected)
        stored = FileSet(request.video_id, target, change.files, facts)
        await self.execute(Move(staged, stored, change.displaced))
        if earlier is not None and home != target:
            message = "{}: stored again, in {}; the files in {} stay registered, and verified"
            log.warning(message, request.video_id, *map(self.layout.shown, (target, home)))
        return None, earlier is None

    async def _keep(self, request: SaveVideo, swap: Swap, staged: str) -> None:
        """Keep the stored media; store only the side files that the video lacks."""
        location = await self.locate(request.video_id)
        profile = _asked(location.profile, request.profile, keeps_quality=False)
        added = await swap.keep_missing_side_files()
        fetched = {file.side_file for file in added}
        missing = [each for each in location.missing if each not in fetched]
        absent = await self.absent.after(request.video_id, [], request.absent_captions)
        facts = Facts(location.quality, missing, profile, absent, location.stored_at)
        await self.add(swap, staged, added, facts, "damaged, and fetched again")

    async def _save_side_files(self, request: SaveVideo) -> None:
        """Add captions and thumbnail to a stored video, and record what is still missing."""
        staged, _ = await self._staged(request)
        video_id = request.video_id
        location = await self.locate(video_id)
        if location.video_path is None:
            raise NotFound(f"{video_id} is not stored, so nothing can be added to it")
        not_asked = [each for each in location.missing if each not in request.only_missing]
        missing = [*not_asked, *request.missing]
        profile = _asked(location.profile, request.profile, keeps_quality=True)
        sought = caption_languages_of(request.only_missing)
        absent = await self.absent.after(video_id, sought, request.absent_captions)
        facts = Facts(location.quality, missing, profile, absent, location.stored_at)
        target = _parent(self.layout.key_of(location.video_path))
        swap = await self._swap(video_id, staged, target)
        added = await swap.side_files()
        async with self._hashing:
            await self.add(swap, staged, added, facts, "fetched again")

    async def add(
        self, swap: Swap, staged: str, added: list[ArchivedFile], facts: Facts, detail: str
    ) -> None:
        """Add staged files to a stored video, and record what is known of it then."""
        has_media = any(file.role is Role.MEDIA for file in added)
        if has_media:
            facts = replace(facts, stored_at=utc_now())
        if not added and not await swap.changes_manifest(facts):
            await self.library.set_missing(swap.video_id, facts.missing, facts.profile)
            return
        change = await swap.take_files([file.name for file in added], detail, facts)
        adds = None if has_media else change.new
        stored = FileSet(swap.video_id, swap.folder, change.files, facts, adds=adds)
        await self.execute(Move(staged, stored, change.displaced))

    async def _swap(self, video_id: str, staged: str, folder: str, *, is_new: bool = False) -> Swap:
        """Return a Swap of the download and the copy of its video in a folder."""
        store_folder = self._mover.folder(folder)
        if is_new:
            return await self.swap(staged, StoredCopy(video_id, store_folder, []))
        known = await self.library.files_of(video_id, folder)
        found = await self.library.location(video_id)
        copy = StoredCopy(video_id, store_folder, known, found.quality, tuple(found.missing))
        return await self.swap(staged, copy)

    async def swap(self, staged: str, copy: StoredCopy) -> Swap:
        """Return a Swap of the files below a prefix and a stored copy."""
        return await Swap.of(self._mover.folder(staged), copy, self.layout.scratch)

    async def _staged(self, request: SaveVideo, key: str | None = None) -> tuple[str, bool]:
        """Return the prefix of a download's files, and whether there are any.

        Raises PathOutsideArchive for a link.
        """
        name = staged_name(request.video_id, side_files=bool(request.only_missing))
        prefix = key or self.layout.relative(self.layout.staging / name)
        kind = (await self.store.stat([prefix]))[prefix].checked().kind
        if kind is FileKind.FOLDER_LINK:
            raise PathOutsideArchive(f"{prefix} is a link to another folder")
        return prefix, kind is FileKind.FOLDER

    async def _save_in_place(self, request: SaveVideo, video_path: str) -> None:
        media = await self.store.place(video_path)
        folder = self._mover.folder(_parent(media))
        async with self._hashing:
            names = await file_sets.media_and_side_files(self.store, media)
            if folder.local_path is not None:
                await asyncio.to_thread(files.sync_all, folder.local_path, names)
            found = await file_sets.describe(folder, names)
        stored = FileSet(request.video_id, folder.prefix, found, Facts(request.quality))
        await asyncio.to_thread(self._note_registration, stored)
        await self._register(stored)

    def _note_registration(self, stored: FileSet) -> None:
        """Record in a file what `rebuild` cannot derive from the video's files."""
        note = Registration(
            video_id=stored.video_id,
            folder=stored.folder,
            files=stored.files,
            quality=stored.facts.quality,
            stored_at=utc_now(),
        )
        path = self.layout.registration_file(stored.video_id)
        files.write_atomically(path, note.model_dump_json(indent=2).encode(), self.layout.scratch)

    async def _finish(self, move: Move) -> None:
        """Finish an interrupted move; forget it if no file was moved and staging has changed."""
        video_id = move.files.video_id
        if not (await self._mover.is_ready(move) or await self._mover.has_begun(move)):
            log.warning("{}: not moved, and staging has changed; the record is deleted", video_id)
            await self._mover.undo(move)
            await self.library.forget_move(video_id)
            return
        log.info("{}: finishing an interrupted move", video_id)
        await self._register(await self._mover.finish(move), move)

    async def execute(self, move: Move) -> None:
        """Move prepared files to their folder and register them.

        Raises IntegrityFailure, DiskFull, NotWritable or FileFailure; then the earlier files are
        restored, or the next start finishes the move.
        """
        await self.library.begin_move(move)
        try:
            stored = await self._mover.execute(move)
        except LocalError:
            with suppress(LocalError):  # the first failure is the one to report
                if await self._mover.is_ready(move):
                    await self._mover.undo(move)
                    await self.library.forget_move(move.files.video_id)
            raise
        await self._register(stored, move)

    async def _register(self, stored: FileSet, move: Move | None = None) -> None:
        await self.library.register(stored, move.displaced if move else ())
        if move is not None:
            await self._mover.remove_restored_item(move)
        size = sum(file.size_bytes for file in stored.files)
        log.info("{}: stored {} files, {} bytes", stored.video_id, len(stored.files), size)


def _parent(key: str) -> str:
    return str(PurePosixPath(key).parent)


def _asked(
    before: ArchiveProfile | None, now: ArchiveProfile | None, *, keeps_quality: bool
) -> ArchiveProfile | None:
    """Return what was requested of a video in all, after another request for it."""
    if before is None or now is None:
        return before or now
    if keeps_quality or not now.may_improve(before.quality, None):
        return before.with_side_files_of(now, is_later=True)
    return now.with_side_files_of(before).model_copy(update=before.form)


def _replaced_by(quality: str | None) -> str:
    return f"replaced by a file in {quality}" if quality else "replaced by another file"
