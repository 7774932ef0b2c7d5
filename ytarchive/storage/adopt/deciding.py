"""Decides what happens with the files of one video, and stores the best copy."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ytarchive.common.errors import DiskFull, FileFailure, NotFound
from ytarchive.storage.adopt.examining import ExaminedCopy, Examiner, Refused
from ytarchive.storage.adopt.models import AdoptMethod, Outcome
from ytarchive.storage.adopt.placing import Placer, adoption_folder, archived_files
from ytarchive.storage.adopt.recognisers import FoundFile
from ytarchive.storage.adopt.records import AdoptionRecords, Settled
from ytarchive.storage.intake.ranking import MediaFacts, facts_of, reason_to_keep
from ytarchive.storage.intake.videos import VideoStore
from ytarchive.storage.library.descriptions import MetadataStore
from ytarchive.storage.library.models import SaveVideo, StorageLocation
from ytarchive.storage.library.repository import Library
from ytarchive.storage.marks.api import MarksAPI
from ytarchive.storage.marks.models import read_marks
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.store.store_folder import StoreFolder

Changing = Callable[[str, Callable[[], Awaitable[bool]]], Awaitable[bool]]
"""Runs a change of a video to its end while holding the video's lock."""

Places = tuple[Layout, Library, MediaStore, VideoStore, MetadataStore, MarksAPI]
"""The parts of the archive that adopted videos are stored with."""

_AT_ONCE = 8
"""Videos that are linked at the same time, because they share the commits of databases. Copies are
made one by one: each is admitted by the free space."""
_REMOVED = "the video is marked as removed; `ytarchive download` clears the mark"


@dataclass(frozen=True)
class AdoptionTarget:
    """The parts of the archive, and how to change a video."""

    layout: Layout
    library: Library
    store: MediaStore
    videos: VideoStore
    descriptions: MetadataStore
    marks: MarksAPI
    changing: Changing
    min_free: int


class Decisions:
    """Adopts the files of one video at a time from one folder."""

    def __init__(
        self,
        target: AdoptionTarget,
        records: AdoptionRecords,
        placer: Placer,
        examiner: Examiner,
        method: AdoptMethod,
        *,
        dry_run: bool,
    ) -> None:
        self._target = target
        self._records = records
        self._placer = placer
        self._examiner = examiner
        self._moves = method is AdoptMethod.MOVE
        self._dry_run = dry_run

    @property
    def at_once(self) -> int:
        """How many videos may be decided at the same time."""
        return 1 if self._placer.copies else _AT_ONCE

    async def decide(self, video_id: str, files: Sequence[FoundFile]) -> Settled:
        """Adopt the best copy of a video, unless the archive has one. Return all outcomes."""
        settled = Settled(video_id)
        if await asyncio.to_thread(self._is_removed, video_id):
            settled.add(files, Outcome.NOT_RECOGNISED, _REMOVED)
            return settled
        await self._finish_begun(settled, files)
        left = [file for file in files if file.path not in settled.files]
        copies = await asyncio.to_thread(self._examined, left, settled)
        if copies:
            best = _best(copies)
            if not settled.is_adopted and not await self._adopt(best, settled):
                await self._add_duplicates(copies, settled)
            settled.add(left, Outcome.DUPLICATE, f"the copy {best.media.path} is used")
        return settled

    def _is_removed(self, video_id: str) -> bool:
        try:
            return read_marks(self._target.layout.marks_file(video_id)).removed
        except NotFound:
            return False

    def _examined(self, files: Sequence[FoundFile], settled: Settled) -> list[ExaminedCopy]:
        """Return the copies that can be adopted, and settle files that cannot."""
        copies: list[ExaminedCopy] = []
        refused: dict[str, str] = {}
        for media in (file for file in files if file.is_media):
            same_name = [file for file in files if file.stem == media.stem]
            try:
                copies.append(self._examiner.examine(media, same_name))
            except Refused as refusal:
                refused.setdefault(media.stem, f"its media is not adopted: {refusal}")
                settled.add([media], Outcome.NOT_RECOGNISED, str(refusal))
        good = {copy.media.stem for copy in copies}
        for stem, reason in refused.items():
            if stem not in good:
                same_name = [file for file in files if file.stem == stem]
                settled.add(same_name, Outcome.NOT_RECOGNISED, reason)
        for copy in copies:
            for path, reason in copy.refused.items():
                settled.files.setdefault(path, (Outcome.NOT_RECOGNISED, reason))
        return copies

    async def _adopt(self, copy: ExaminedCopy, settled: Settled) -> bool:
        """Adopt a copy. Return whether the video was not stored before."""
        video_id = settled.video_id
        named = archived_files(copy, video_id)
        if self._dry_run:
            if await self._stored(video_id) is not None:
                return False
        else:
            await self._require_space(copy)
            await self._records.mark_begun({f.path: a.name for f, a in named})
            if not await self._target.changing(video_id, lambda: self._store(copy, video_id)):
                return False
            if self._moves:
                for file, _ in reversed(named):
                    await asyncio.to_thread(self._placer.remove, file)
        settled.is_adopted = True
        if not (copy.is_described or self._dry_run):
            settled.is_undescribed = await self._lacks_description(video_id)
        settled.adopted_bytes = sum(file.size for file, _ in named)
        for file, archived in named:
            settled.add([file], Outcome.ADOPTED, f"videos/{video_id}/{archived.name}")
        return True

    async def _require_space(self, copy: ExaminedCopy) -> None:
        if not self._placer.copies:
            return
        size = sum(file.size for file in copy.files)
        left = (await self._target.store.space(self._target.min_free)).left
        if size > left:
            message = f"{copy.media.path} needs {size} bytes, and {max(left, 0)} are free"
            raise DiskFull(f"{message} beyond `storage.min_free`")

    async def _store(self, copy: ExaminedCopy, video_id: str) -> bool:
        """Store a copy while holding the video's lock; False if the video is stored already."""
        target = self._target
        await target.videos.finish_move(video_id)
        if await self._stored(video_id) is not None:
            return False
        digests = await asyncio.to_thread(self._placer.place, copy, video_id)
        if copy.metadata is not None and not await self._is_described(video_id):
            await target.descriptions.save(copy.metadata)
        label = copy.facts.label
        request = SaveVideo(
            video_id=video_id,
            transfer_id="adoption",
            quality=None if label == "unknown" else label,
        )
        prefix = target.layout.relative(adoption_folder(target.layout) / video_id)
        await target.videos.save(request, staged=prefix, expected=digests)
        return True

    async def _finish_begun(self, settled: Settled, files: Sequence[FoundFile]) -> None:
        """Settle files that a session stored before it was killed."""
        begun = {file: name for file in files if (name := file.begun_as) is not None}
        location = await self._stored(settled.video_id) if begun else None
        if location is None:
            return
        folder = Path(str(location.video_path)).parent
        prefix = self._target.layout.key_of(str(folder))
        stored = await self._target.library.files_of(settled.video_id, prefix)
        digests = {file.name: file.sha256 for file in stored}
        for file, name in begun.items():
            is_same = await asyncio.to_thread(
                self._placer.is_same, file, folder / name, digests.get(name)
            )
            if not is_same:
                return
        for file, name in begun.items():
            if self._moves:
                await asyncio.to_thread(self._placer.remove, file)
            settled.add([file], Outcome.ADOPTED, f"{prefix}/{name}")
        settled.is_adopted = True
        settled.is_undescribed = await self._lacks_description(settled.video_id)
        settled.adopted_bytes = sum(file.size for file in begun)

    async def _stored(self, video_id: str) -> StorageLocation | None:
        """Return where the media of a video is stored; None if it is not."""
        try:
            location = await self._target.videos.locate(video_id)
        except NotFound:
            return None
        return location if location.video_path is not None else None

    async def _is_described(self, video_id: str) -> bool:
        try:
            return (await self._target.videos.locate(video_id)).has_metadata
        except NotFound:
            return False

    async def _lacks_description(self, video_id: str) -> bool:
        """Return whether there is no metadata of a video, or only provisional metadata."""
        try:
            return (await self._target.descriptions.get(video_id)).is_provisional
        except (NotFound, FileFailure):
            return True

    async def _add_duplicates(self, copies: Sequence[ExaminedCopy], settled: Settled) -> None:
        """Settle the copies of a stored video, and name those that are better."""
        location = await self._stored(settled.video_id)
        stored = await self._facts(location) if location is not None else None
        for copy in copies:
            detail = "the video is stored"
            if stored is not None and _is_better(copy.facts, stored):
                detail += f"; better: {copy.facts.label}, stored {stored.label}"
            settled.add(copy.files, Outcome.DUPLICATE, detail)

    async def _facts(self, location: StorageLocation) -> MediaFacts:
        media = PurePosixPath(self._target.layout.key_of(str(location.video_path)))
        folder = StoreFolder(self._target.store, str(media.parent))
        info, scratch = f"{location.video_id}.info.json", self._target.layout.scratch
        return await facts_of(folder, media.name, info, location.quality, scratch)


def _best(copies: Sequence[ExaminedCopy]) -> ExaminedCopy:
    best, *others = copies
    for each in others:
        if _is_better(each.facts, best.facts):
            best = each
    return best


def _is_better(one: MediaFacts, other: MediaFacts) -> bool:
    return reason_to_keep(one, other, accept=False) is not None
