"""What comes into the archive: which files make a finished video, and their digests.

Everything here blocks; callers run it in a thread.
"""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from pydantic import Field

from ytarchive.common.disk import os_errors
from ytarchive.common.errors import IntegrityFailure, NotFound, PathOutsideArchive
from ytarchive.common.identifiers import VideoId
from ytarchive.common.models import Model, UtcDatetime
from ytarchive.storage import files
from ytarchive.storage.layout import CHECKSUMS, Role, role_of

# What yt-dlp, ffmpeg and editors call files that they have not finished.
_LEFTOVER = re.compile(r"\.(part|ytdl|tmp|temp)(\.|-Frag|$)", re.IGNORECASE)


class StoredFile(Model):
    """A file of a video, as it was when it was stored."""

    name: str = Field(description="Relative to the folder that the set lies in")
    size_bytes: int
    sha256: str = Field(description="Hexadecimal")

    @property
    def role(self) -> Role:
        """What the file is to its video."""
        return role_of(self.name)


class Registration(Model):
    """A video that was registered where it lies, as `metadata/registered/<id>.json` keeps it."""

    video_id: VideoId
    folder: str = Field(description="Relative to the archive")
    files: list[StoredFile]
    quality: str | None = None
    stored_at: UtcDatetime


def prepare(staged: Path, target: Path, video_id: str) -> list[StoredFile]:
    """Hash a finished download, write its `checksums.sha256`, and get all of it onto the disk.

    The result is what `target` will hold, the new files first. Raises IntegrityFailure if the
    download is not finished.
    """
    names = finished_set(staged, video_id)
    return _prepared(staged, target, names, _kept(target, names))


def prepare_side_files(
    staged: Path, target: Path, video_id: str, stored: list[StoredFile]
) -> list[StoredFile]:
    """The same of captions and thumbnail alone, for a video whose `stored` files are in `target`.

    These keep the digests they were stored with: damage is not taken for what was stored.
    """
    names = _finished(staged, video_id)
    refused = [name for name in names if role_of(name) not in {Role.CAPTIONS, Role.THUMBNAIL}]
    if refused:
        message = f"captions and thumbnail alone can be added to {video_id}, not {refused[0]!r}"
        raise IntegrityFailure(message, files=refused[:20])
    kept = [file for file in present(target, stored) if file.name not in names]
    if not any(file.role is Role.MEDIA for file in kept):
        raise IntegrityFailure(
            f"the media of {video_id} is not what it was: nothing is added to it"
        )
    return _prepared(staged, target, names, kept)


def _prepared(
    staged: Path, target: Path, names: list[str], kept: list[StoredFile]
) -> list[StoredFile]:
    _refuse_links(target, names)
    fresh = describe(staged, names)
    files.write_checksums(staged, {file.name: file.sha256 for file in [*fresh, *kept]})
    files.sync_all(staged, [*names, CHECKSUMS])
    return [*fresh, *kept, *describe(staged, [CHECKSUMS])]


def finished_set(folder: Path, video_id: str) -> list[str]:
    """The names of a finished download's files, without the list of digests.

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
    """A media file and what lies beside it under the same name: names relative to its folder.

    Raises NotFound, or IntegrityFailure if it is no media file.
    """
    if files.size(media) is None:
        raise NotFound(f"there is no file {media}")
    if role_of(media.name) is not Role.MEDIA or _LEFTOVER.search(media.name):
        raise IntegrityFailure(f"{media.name!r} is not a finished media file")
    folder, stem = media.parent, f"{media.stem}."
    with os_errors(folder):
        candidates = [*folder.iterdir(), *(folder / "captions").glob("*")]
    sidecars = [
        path.relative_to(folder).as_posix()
        for path in candidates
        if path.name.startswith(stem)
        and role_of(path.name) in {Role.INFO, Role.THUMBNAIL, Role.CAPTIONS}
        and files.size(path) is not None
    ]
    return [media.name, *sorted(sidecars)]


def describe(folder: Path, names: Iterable[str]) -> list[StoredFile]:
    """Sizes and digests of files."""
    return [
        StoredFile(
            name=name, size_bytes=files.size(folder / name) or 0, sha256=files.sha256(folder / name)
        )
        for name in names
    ]


def present(folder: Path, expected: Iterable[StoredFile]) -> list[StoredFile]:
    """Those files that lie in the folder with their size."""
    return [file for file in expected if files.size(folder / file.name) == file.size_bytes]


def intact(folder: Path, expected: Iterable[StoredFile]) -> list[StoredFile]:
    """Those files that lie in the folder with their size and their digest."""
    found = present(folder, expected)
    return [file for file in found if files.sha256(folder / file.name) == file.sha256]


def _belongs(folder: Path, name: str, video_id: str) -> bool:
    """Whether a finished download may have this file: a regular one, named after the id."""
    if files.size(folder / name) is None:
        return False
    if name == CHECKSUMS:
        return True
    named = re.fullmatch(rf"(captions/)?{re.escape(video_id)}\.[A-Za-z0-9_.-]+", name)
    if named is None or _LEFTOVER.search(name):
        return False
    # `<id>.f137.mp4` is a format that was not merged yet
    whole = f"{video_id}{PurePosixPath(name).suffix}"
    return role_of(name) is not Role.MEDIA or name == whole


def _kept(target: Path, replaced: list[str]) -> list[StoredFile]:
    """What stays of an earlier download of the same video, with the digests it has there."""
    digests = files.read_checksums(target)
    names = set(files.list_files(target)) - {*replaced, CHECKSUMS}
    return [
        StoredFile(name=name, size_bytes=size, sha256=digests[name])
        for name in sorted(names & digests.keys())
        if (size := files.size(target / name)) is not None
    ]


def _refuse_links(target: Path, names: list[str]) -> None:
    """Files must not go through a link inside the target to some other place."""
    for folder in {(target / name).parent for name in names}:
        if folder.resolve() != folder:
            raise PathOutsideArchive(f"{folder} is a link to another place")
