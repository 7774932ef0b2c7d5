"""Determines which files form a finished video, and their digests."""

import asyncio
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Self

from pydantic import Field

from ytarchive.common.archived_files import TRANSFER, ArchivedFile, Role
from ytarchive.common.disk import os_errors
from ytarchive.common.errors import FileGone, IntegrityFailure, NotFound, PathOutsideArchive
from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model, UtcDatetime
from ytarchive.storage.store import files
from ytarchive.storage.store.checksums import checksum_lines
from ytarchive.storage.store.layout import CHECKSUMS, MANIFEST, FileTypes, parsed
from ytarchive.storage.store.media_store import FileKind, FileState, MediaStore
from ytarchive.storage.store.store_folder import StoreFolder

_NAMED = re.compile(r"(captions/)?(?P<id>[^/.]+)\.[A-Za-z0-9_.-]+")
# Names of unfinished files of yt-dlp, ffmpeg and editors.
_LEFTOVER = re.compile(r"\.(part|ytdl|tmp|temp)(\.|-Frag|$)", re.IGNORECASE)


_OWN = frozenset([TRANSFER, MANIFEST, CHECKSUMS])
"""Files that describe the others of a folder."""


class StoredFile(ArchivedFile):
    """A file of a video, with its size and digest when it was stored."""

    size_bytes: int
    sha256: str = Field(description="Hexadecimal")
    original_sha256: str | None = Field(
        default=None, description="Digest when the file was stored, if it is damaged now"
    )

    @property
    def registered_sha256(self) -> str:
        """Return the digest that the file should have."""
        return self.original_sha256 or self.sha256

    @classmethod
    def of(cls, file: ArchivedFile, size_bytes: int, sha256: str) -> Self:
        """Return a file with its size in bytes and its hexadecimal digest."""
        typed = {name: getattr(file, name) for name in ArchivedFile.model_fields}
        return cls(**typed, size_bytes=size_bytes, sha256=sha256)

    def typed_as(self, file: ArchivedFile) -> Self:
        """Return this file with the type of another."""
        types = ArchivedFile.model_fields.keys() - {"name"}
        return self.model_copy(update={name: getattr(file, name) for name in types})


class Registration(Model):
    """A video that was registered in place, as stored in `metadata/registered/<id>.json`."""

    video_id: VideoId
    folder: str = Field(description="Relative to the archive")
    files: list[StoredFile]
    quality: str | None = None
    stored_at: UtcDatetime


async def seal(
    staged: StoreFolder, fresh: list[StoredFile], kept: list[StoredFile], manifest: bytes
) -> list[StoredFile]:
    """Write manifest and `checksums.sha256` of files that are about to be moved, and sync all.

    `kept`: the files that stay where `fresh` are moved to. Return all of them, new ones first.
    """
    names = [file.name for file in fresh]
    described = [*fresh, *kept, written_file(MANIFEST, manifest)]
    digests = checksum_lines({file.name: file.registered_sha256 for file in described})
    made = {MANIFEST: manifest, CHECKSUMS: digests}
    path = staged.local_path
    if path is None:
        for name, content in made.items():
            await staged.store.write(staged.key(name), content)
        await staged.store.delete(staged.key(TRANSFER))
    else:
        await asyncio.to_thread(_write_and_sync, path, made, names)
    return [*described, written_file(CHECKSUMS, digests)]


def written_file(name: str, content: bytes) -> StoredFile:
    """Return the stored file with the given content."""
    digest = hashlib.sha256(content).hexdigest()
    return StoredFile.of(parsed(name), len(content), digest)


async def side_files_in(staged: StoreFolder, video_id: str, types: FileTypes) -> list[str]:
    """Return the names of staged side files. Raises IntegrityFailure for others."""
    names = list(await _finished(staged, video_id, types))
    refused = [name for name in names if types[name].side_file is None]
    if refused:
        message = f"only side files can be added to {video_id}, not {refused[0]!r}"
        raise IntegrityFailure(message, files=refused[:20])
    return names


async def finished_set(
    folder: StoreFolder, video_id: str, types: FileTypes, *, hashed: bool = False
) -> dict[str, FileState]:
    """Return the states of a finished download's files by name, without the list of digests.

    Raises IntegrityFailure if it has a leftover, a foreign file, or not exactly one media file.
    """
    finished = await _finished(folder, video_id, types, hashed=hashed)
    media = [name for name in finished if types[name].role is Role.MEDIA]
    if len(media) != 1 or not finished[media[0]].size:
        message = f"the download of {video_id} must have one media file, {video_id}.mp4 or the like"
        raise IntegrityFailure(message, files=media)
    return finished


async def _finished(
    folder: StoreFolder, video_id: str, types: FileTypes, *, hashed: bool = False
) -> dict[str, FileState]:
    listed = await folder.states(await folder.names(), hashed=hashed)
    refused = [
        name
        for name, state in listed.items()
        if not state.is_file or not _belongs(types[name], video_id)
    ]
    if refused:
        message = f"the download of {video_id} is not finished: there is {refused[0]!r}"
        raise IntegrityFailure(message, files=refused[:20])
    return {name: state for name, state in listed.items() if name not in _OWN}


async def media_and_side_files(store: MediaStore, media: str) -> list[str]:
    """Return the names of a media file and its side files with the same stem, in its folder.

    Raises NotFound, or IntegrityFailure if it is not a media file.
    """
    path = PurePosixPath(media)
    if not (await store.stat([media]))[media].is_file:
        raise NotFound(f"there is no file {media}")
    if parsed(path.name).role is not Role.MEDIA or _LEFTOVER.search(path.name):
        raise IntegrityFailure(f"{path.name!r} is not a finished media file")
    folder = StoreFolder(store, str(path.parent))
    near = [
        key.removeprefix(f"{folder.prefix}/")
        for prefix in (folder.prefix, folder.key("captions"))
        async for key in store.iterate(prefix, deep=False)
    ]
    candidates = [
        name
        for name in near
        if PurePosixPath(name).name.startswith(f"{path.stem}.")
        and (parsed(name).side_file or parsed(name).role is Role.INFO)
    ]
    states = await folder.states(candidates)
    return [path.name, *sorted(name for name, state in states.items() if state.is_file)]


async def describe(folder: StoreFolder, names: Iterable[str]) -> list[StoredFile]:
    """Return the sizes and digests of files. Raises FileGone or another LocalError."""
    return described(await folder.states(names, hashed=True), FileTypes())


def described(states: Mapping[str, FileState], types: FileTypes) -> list[StoredFile]:
    """Return the sizes and digests of files whose states have digests. Raises as `describe`."""
    return [_described(types[name], state.checked()) for name, state in states.items()]


def _described(file: ArchivedFile, state: FileState) -> StoredFile:
    if state.sha256 is None:
        raise FileGone(f"{state.key} is gone: there is no such file")
    return StoredFile.of(file, state.size or 0, state.sha256)


async def present(folder: StoreFolder, expected: Iterable[StoredFile]) -> list[StoredFile]:
    """Return the expected files that are in the folder with the expected size."""
    files = list(expected)
    states = await folder.states(file.name for file in files)
    return [file for file in files if states[file.name].checked().size == file.size_bytes]


async def intact(folder: StoreFolder, expected: Iterable[StoredFile]) -> list[StoredFile]:
    """Return the expected files that are in the folder with the expected size and digest."""
    found = await present(folder, expected)
    states = await folder.states((file.name for file in found), hashed=True)
    return [file for file in found if states[file.name].checked().sha256 == file.sha256]


def require_digests(files: Iterable[StoredFile], expected: Mapping[str, str]) -> None:
    """Raise IntegrityFailure if a file differs from its expected digest, as after a bad copy."""
    wrong = [file.name for file in files if expected.get(file.name) not in {None, file.sha256}]
    if wrong:
        raise IntegrityFailure(f"the copy {wrong[0]} differs from its original", files=wrong)


def _belongs(file: ArchivedFile, video_id: str) -> bool:
    """Return whether a finished download may have a file of this name: the id names it."""
    name = file.name
    if name in _OWN:
        return True
    named = _NAMED.fullmatch(name)
    if named is None or named["id"] != video_id or _LEFTOVER.search(name):
        return False
    # `<id>.f137.mp4` is a format that is not merged yet
    return file.role is not Role.MEDIA or name == f"{video_id}{PurePosixPath(name).suffix}"


async def refuse_links(target: StoreFolder, names: list[str]) -> None:
    """Raise PathOutsideArchive if a link inside the target leads to another folder."""
    folders = {str(PurePosixPath(target.key(name)).parent) for name in names}
    for key, state in (await target.store.stat({target.prefix, *folders})).items():
        if state.checked().kind in {FileKind.FOLDER_LINK, FileKind.LINK}:
            raise PathOutsideArchive(f"{key} is a link to another folder")


def _write_and_sync(folder: Path, made: Mapping[str, bytes], names: list[str]) -> None:
    with os_errors(folder):
        folder.mkdir(exist_ok=True)
        for name, content in made.items():
            (folder / name).unlink(missing_ok=True)  # it may be read-only
            (folder / name).write_bytes(content)
        (folder / TRANSFER).unlink(missing_ok=True)  # the manifest has its content now
    files.protect(folder / name for name in (*names, *made))
    files.sync_all(folder, [*names, *made])
