"""Determines which files form a finished video, and their digests.

Everything here blocks; callers run it in a thread.
"""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from pydantic import Field

from ytarchive.common import filesystem
from ytarchive.common.errors import IntegrityFailure, NotFound, PathOutsideArchive
from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model, UtcDatetime
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import CHECKSUMS, Role, role_of

# Names of unfinished files of yt-dlp, ffmpeg and editors.
_LEFTOVER = re.compile(r"\.(part|ytdl|tmp|temp)(\.|-Frag|$)", re.IGNORECASE)


class StoredFile(Model):
    """A file of a video, with its size and digest when it was stored."""

    name: str = Field(description="Relative to the folder that the set lies in")
    size_bytes: int
    sha256: str = Field(description="Hexadecimal")
    original_sha256: str | None = Field(
        default=None, description="Digest it was first stored with, if it is damaged since then"
    )

    @property
    def registered_sha256(self) -> str:
        """Return the digest that the file should have."""
        return self.original_sha256 or self.sha256

    @property
    def role(self) -> Role:
        """Return the role of the file."""
        return role_of(self.name)


class Registration(Model):
    """A video that was registered in place, as stored in `metadata/registered/<id>.json`."""

    video_id: VideoId
    folder: str = Field(description="Relative to the archive")
    files: list[StoredFile]
    quality: str | None = None
    stored_at: UtcDatetime


def seal(
    staged: Path, target: Path, fresh: list[StoredFile], kept: list[StoredFile]
) -> list[StoredFile]:
    """Write the `checksums.sha256` of files that are about to be moved, and sync all of them.

    Return the future files of `target`, new ones first. Raises PathOutsideArchive.
    """
    names = [file.name for file in fresh]
    _refuse_links(target, names)
    digests = {file.name: file.registered_sha256 for file in [*fresh, *kept]}
    files.write_checksums(staged, digests)
    files.sync_all(staged, [*names, CHECKSUMS])
    return [*fresh, *kept, *describe(staged, [CHECKSUMS])]


def side_files_in(staged: Path, video_id: str) -> list[str]:
    """Return the names of staged captions and thumbnails. Raises IntegrityFailure for others."""
    names = _finished(staged, video_id)
    refused = [name for name in names if role_of(name) not in {Role.CAPTIONS, Role.THUMBNAIL}]
    if refused:
        message = f"captions and thumbnail alone can be added to {video_id}, not {refused[0]!r}"
        raise IntegrityFailure(message, files=refused[:20])
    return names


def finished_set(folder: Path, video_id: str) -> list[str]:
    """Return the names of a finished download's files, without the list of digests.

    Raises IntegrityFailure if it has a leftover, a foreign file, or not exactly one media file.
    """
    names = _finished(folder, video_id)
    media = [name for name in names if role_of(name) is Role.MEDIA]
    if len(media) != 1 or not files.size(folder / media[0]):
        message = f"the download of {video_id} must have one media file, {video_id}.mp4 or the like"
        raise IntegrityFailure(message, files=media)
    return names


def _finished(folder: Path, video_id: str) -> list[str]:
    listed = files.list_files(folder)
    refused = [name for name in listed if not _belongs(folder, name, video_id)]
    if refused:
        message = f"the download of {video_id} is not finished: there is {refused[0]!r}"
        raise IntegrityFailure(message, files=refused[:20])
    return [name for name in listed if name != CHECKSUMS]


def beside(media: Path) -> list[str]:
    """Return a media file and its side files with the same stem, relative to its folder.

    Raises NotFound, or IntegrityFailure if it is not a media file.
    """
    if files.size(media) is None:
        raise NotFound(f"there is no file {media}")
    if role_of(media.name) is not Role.MEDIA or _LEFTOVER.search(media.name):
        raise IntegrityFailure(f"{media.name!r} is not a finished media file")
    folder, stem = media.parent, f"{media.stem}."
    captions = folder / "captions"
    inner = filesystem.entries(captions) if filesystem.is_folder(captions) else []
    candidates = [*filesystem.entries(folder), *inner]
    sidecars = [
        path.relative_to(folder).as_posix()
        for path in candidates
        if path.name.startswith(stem)
        and role_of(path.name) in {Role.INFO, Role.THUMBNAIL, Role.CAPTIONS}
        and files.size(path) is not None
    ]
    return [media.name, *sorted(sidecars)]


def describe(folder: Path, names: Iterable[str]) -> list[StoredFile]:
    """Return the sizes and digests of files."""
    return [
        StoredFile(
            name=name, size_bytes=files.size(folder / name) or 0, sha256=files.sha256(folder / name)
        )
        for name in names
    ]


def present(folder: Path, expected: Iterable[StoredFile]) -> list[StoredFile]:
    """Return the expected files that are in the folder with the expected size."""
    return [file for file in expected if files.size(folder / file.name) == file.size_bytes]


def intact(folder: Path, expected: Iterable[StoredFile]) -> list[StoredFile]:
    """Return the expected files that are in the folder with the expected size and digest."""
    found = present(folder, expected)
    return [file for file in found if files.sha256(folder / file.name) == file.sha256]


def _belongs(folder: Path, name: str, video_id: str) -> bool:
    """Return whether a finished download may have this file: a regular one, named after the id."""
    if files.size(folder / name) is None:
        return False
    if name == CHECKSUMS:
        return True
    named = re.fullmatch(rf"(captions/)?{re.escape(video_id)}\.[A-Za-z0-9_.-]+", name)
    if named is None or _LEFTOVER.search(name):
        return False
    # `<id>.f137.mp4` is a format that is not merged yet
    whole = f"{video_id}{PurePosixPath(name).suffix}"
    return role_of(name) is not Role.MEDIA or name == whole


def _refuse_links(target: Path, names: list[str]) -> None:
    """Raise PathOutsideArchive if a link inside the target leads to another folder."""
    for folder in {(target / name).parent for name in names}:
        if folder.resolve() != folder:
            raise PathOutsideArchive(f"{folder} is a link to another place")
