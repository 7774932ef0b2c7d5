"""Writes the stored media of a video in another form, from the archive's own files.

The new file is written to staging and checked. Then it replaces the stored file, which is moved to
the trash, like a download. No request is sent to YouTube.
"""

import asyncio
import shutil
from contextlib import AsyncExitStack
from pathlib import Path, PurePosixPath
from typing import Any

from loguru import logger
from pydantic_core import to_json

from ytarchive.common.archived_files import Role
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import DiskFull, IntegrityFailure, NotFound
from ytarchive.common.events import VideoChanged, publish
from ytarchive.common.json_text import stored_json
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality
from ytarchive.media import (
    EMBEDDABLE,
    EmbeddedCaptions,
    Package,
    PackagingError,
    extras_for,
    ffmpeg_path,
    package_for,
    streams_of,
    write_package,
)
from ytarchive.storage.intake.changes import StoredCopy
from ytarchive.storage.intake.models import FormedVideo, FormVideo
from ytarchive.storage.intake.swapping import Swap
from ytarchive.storage.intake.videos import VideoStore
from ytarchive.storage.library.models import StorageLocation
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.layout import parsed
from ytarchive.storage.store.manifest import Facts
from ytarchive.storage.store.store_folder import StoreFolder, local_file

log = logger.bind(service="storage")

_STAGED = ".form"


class Former:
    """Changes the form of stored videos. The caller must hold the video's lock."""

    def __init__(self, videos: VideoStore, min_free: int) -> None:
        self._videos = videos
        self._library = videos.library
        self._layout = videos.layout
        self._store = videos.store
        self._min_free = min_free

    async def form(self, request: FormVideo) -> FormedVideo:
        """Write a stored video in the form that a profile requests, and record the profile.

        Raises NotFound, DiskFull or another LocalError.
        """
        video_id = request.video_id
        await self._videos.finish_move(video_id)
        location = await self._videos.locate(video_id)
        if location.video_path is None:
            raise NotFound(f"{video_id} is not stored")
        media = PurePosixPath(self._layout.key_of(location.video_path))
        folder = StoreFolder(self._store, str(media.parent))
        known = await self._library.files_of(video_id, folder.prefix)
        staged = self._layout.staging / f"{video_id}{_STAGED}"
        copy = StoredCopy(video_id, folder, known, location.quality, tuple(location.missing))
        swap = await self._videos.swap(self._layout.relative(staged), copy)
        adds = _adds(request, location, media.name)
        if not adds and not request.profile.changes_form(location.profile, media.name):
            return FormedVideo(location=location)
        obstacle = await _obstacle(swap, media)
        if obstacle is not None:
            return FormedVideo(location=location, remarks=[f"unchanged, because {obstacle}"])
        await self._require_space(location.size_bytes)
        profile = (location.profile or request.profile).with_form_of(request.profile)
        await asyncio.to_thread(_emptied, staged)
        added, remarks = await self._write(folder, media.name, known, profile, staged, adds=adds)
        await self._add(swap, staged, added, location, profile)
        # After a failure the staged files stay, because the next start may finish the move.
        await asyncio.to_thread(shutil.rmtree, staged, ignore_errors=True)
        publish(VideoChanged(video_id=video_id, change="stored"))
        location = await self._videos.locate(video_id)
        return FormedVideo(location=location, is_changed=bool(added), remarks=remarks)

    async def recover(self) -> None:
        """Remove the staged files of earlier processes, without those of unfinished moves."""
        needed = {move.staged for move in await self._library.moves()}
        for folder in await asyncio.to_thread(_staged_in, self._layout.staging):
            if self._layout.relative(folder) not in needed:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _add(
        self,
        swap: Swap,
        staged: Path,
        added: list[str],
        location: StorageLocation,
        profile: ArchiveProfile,
    ) -> None:
        absent = await self._videos.absent.after(swap.video_id, [], [])
        facts = Facts(location.quality, location.missing, profile, absent, location.stored_at)
        detail = f"written again as {PurePosixPath(added[0]).suffix[1:]}" if added else ""
        files = [parsed(name) for name in added]
        await self._videos.add(swap, self._layout.relative(staged), files, facts, detail)

    async def _require_space(self, size: int) -> None:
        left = (await self._store.space(self._min_free)).left
        if left < size:
            raise DiskFull(f"{size} bytes are needed to write the video again; {left} are free")

    async def _write(
        self,
        folder: StoreFolder,
        media: str,
        known: list[StoredFile],
        profile: ArchiveProfile,
        staged: Path,
        *,
        adds: bool,
    ) -> tuple[list[str], list[str]]:
        """Write the new media and its `info.json`; return their names, and remarks.

        `adds`: something is embedded that the media does not have.
        """
        described = next((each.name for each in known if each.role is Role.INFO), None)
        info = await self._info(folder, described)
        async with AsyncExitStack() as stack:

            async def local(name: str) -> Path:
                opened = local_file(self._store, folder.key(name), self._layout.scratch)
                return await stack.enter_async_context(opened)

            covers = [await local(each.name) for each in known if each.role is Role.THUMBNAIL]
            captions = [
                EmbeddedCaptions(await local(each.name), each.language or "", each.automatic)
                for each in known
                if each.role is Role.CAPTIONS and each.format in EMBEDDABLE
            ]
            source = await local(media)
            return await asyncio.to_thread(
                _written, source, info, profile, next(iter(covers), None), captions, staged,
                adds=adds,
            )  # fmt: skip

    async def _info(self, folder: StoreFolder, name: str | None) -> dict[str, Any]:
        if name is None:
            return {}
        try:
            found = stored_json(await self._store.read(folder.key(name)))
        except (NotFound, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


async def _obstacle(swap: Swap, media: PurePosixPath) -> str | None:
    """Return why the media cannot be written in another form; None if it can."""
    if (media.parent.name, media.stem) != (swap.video_id, swap.video_id):
        return "its file was registered in place"
    return "its file is damaged" if await swap.is_damaged(media.name) else None


def _staged_in(staging: Path) -> list[Path]:
    return list(staging.glob(f"*{_STAGED}"))


def _adds(request: FormVideo, location: StorageLocation, media: str) -> bool:
    """Return whether a request embeds something that the media does not have."""
    profile = request.profile
    if request.has_new_captions and profile.embed_captions:
        return True
    return profile.model_copy(update={"container": None, "audio_format": None}).changes_form(
        location.profile, media
    )


def _emptied(folder: Path) -> None:
    with os_errors(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()


def _written(
    source: Path,
    info: dict[str, Any],
    profile: ArchiveProfile,
    cover: Path | None,
    captions: list[EmbeddedCaptions],
    staged: Path,
    *,
    adds: bool,
) -> tuple[list[str], list[str]]:
    ffmpeg, current = ffmpeg_path(), source.suffix[1:]
    if ffmpeg is None:
        return [], ["unchanged, because ffmpeg was not found"]
    # A stored picture is never removed, whatever the job requests.
    whole = profile.model_copy(update={"quality": Quality.BEST})
    try:
        streams = streams_of(source, ffmpeg)
    except IntegrityFailure as error:
        return [], [f"unchanged: {error.message}"]
    package, remarks = package_for(whole, streams, current, is_stored=True)
    if not package.copies:
        remarks.append(f"stays {current}: a conversion to {package.format} would lose quality")
        package = Package(current, sound_alone=package.sound_alone)
    extras, absent = extras_for(profile, info, cover, captions)
    package, impossible = package.with_extras(extras)
    remarks += [*absent, *impossible]
    if package.keeps(source) or (package.format == current and not adds):
        return [], remarks
    target = staged / f"{staged.stem}{package.suffix}"
    try:
        write_package(source, target, package, ffmpeg)
    except PackagingError as error:
        return [], [*remarks, f"unchanged: {error}"]
    if not info or info.get("ext") == package.format:
        return [target.name], remarks
    described = staged / f"{staged.stem}.info.json"
    described.write_bytes(to_json(info | {"ext": package.format}))
    return [target.name, described.name], remarks
