"""Finds videos by their files alone: folders named after an id, with a list of digests.

Everything here blocks; callers run it in a thread.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from ytarchive.common.disk import os_errors
from ytarchive.common.errors import IntegrityFailure, LocalError, YTArchiveError
from ytarchive.common.file_names import file_name, shown_name, stored_name
from ytarchive.common.filesystem import is_file, is_folder
from ytarchive.common.json_text import stored_json
from ytarchive.common.models import to_micros
from ytarchive.common.regular import read_regular
from ytarchive.media import ffmpeg_path, quality_label, require_playable
from ytarchive.storage.library.records import FileSet
from ytarchive.storage.store import file_sets, files
from ytarchive.storage.store.file_sets import Registration, StoredFile
from ytarchive.storage.store.known_files import is_known_foreign
from ytarchive.storage.store.layout import CHECKSUMS, VIDEO_ID, Layout, Role, role_of

_LONGEST_NAME = 255
_LAST_MOMENT = to_micros(datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True)
class FoundFiles:
    """A video that was found, when it was stored (microseconds), and its problems."""

    stored: FileSet
    media: str | None
    moment: int
    oddities: list[str]


def video_folders(layout: Layout, note: Callable[[str], None]) -> Iterator[Path]:
    """Iterate over the folders that may be of a video; `note` reports those not searched.

    Raises a LocalError if the folder of all videos cannot be read.
    """
    own = {layout.metadata, layout.logs, layout.state, layout.own}
    pending = [layout.base]
    while pending:
        for path in _folders_in(pending.pop(), layout, note):
            if VIDEO_ID.fullmatch(path.name) and _is_video(path, layout):
                yield path
            elif path not in own:
                pending.append(path)


def _folders_in(folder: Path, layout: Layout, note: Callable[[str], None]) -> list[Path]:
    try:
        with os_errors(folder), os.scandir(folder) as entries:
            inner = [entry for entry in entries if _may_be_folder(Path(entry.path))]
    except LocalError as error:  # such as `lost+found`, if the archive is a whole disk
        if layout.videos.is_relative_to(folder):
            raise
        note(error.message)
        return []
    inner = [entry for entry in inner if not is_known_foreign(entry.name)]
    for link in (entry for entry in inner if entry.is_symlink()):
        note(f"{shown_name(link.path)}: a link to a folder; links are not followed")
    return [Path(entry.path) for entry in inner if not entry.is_symlink()]


def _may_be_folder(path: Path) -> bool:
    """Return whether to search a path. An unreadable one is searched, so that it is reported."""
    try:
        return is_folder(path)
    except LocalError:
        return True


def documents(folder: Path) -> Iterator[Path]:
    """Iterate over the JSON files of a folder: there may be a million. Raises a LocalError."""
    with os_errors(folder):
        if folder.is_dir():
            names = (path for path in folder.iterdir() if path.suffix == ".json")
            yield from (path for path in names if not is_known_foreign(path.name))


def _is_video(folder: Path, layout: Layout) -> bool:
    try:
        return folder.parent == layout.videos or is_file(folder / CHECKSUMS)
    except LocalError:
        return True  # so that its examination reports why it cannot be read


def examine(folder: Path) -> FoundFiles:
    """Return the files of a video's folder, present or missing, by its list of digests.

    Without such a list, the files themselves count. Raises a LocalError if the folder is not a
    video or cannot be read.
    """
    video_id = folder.name
    found = (file_name(path).removeprefix("./") for path in listed(folder, "."))
    names = [name for name in found if not is_known_foreign(name)]
    told = files.read_checksums(folder)
    digests = {name: told[name] for name in told if name in names or _may_be_lost(folder, name)}
    if not any(role_of(name) is Role.MEDIA for name in digests):
        names = _playing_set(folder, video_id)
        digests = {name: digests.get(name) or files.sha256(folder / name) for name in names}
        oddities = [f"{folder}: has no list of digests that names the video; taken as it is"]
    else:
        oddities = [f"{folder / name}: not in the list of digests" for name in names
                    if name not in digests and name != CHECKSUMS]  # fmt: skip
    stored, lost = _described(folder, digests)
    oddities += [f"{folder / name}: missing" for name in [*lost, *(told.keys() - digests.keys())]]
    newest = max(
        (file.name for file in stored if file.role is Role.MEDIA and file.name not in lost),
        key=lambda name: changed(folder / name),
        default=None,
    )
    moment = changed(folder / (CHECKSUMS if CHECKSUMS in names else newest or "."))
    quality = quality_of(folder / f"{video_id}.info.json") if newest else None
    return FoundFiles(FileSet(video_id, folder, stored, quality), newest, moment, oddities)


def _playing_set(folder: Path, video_id: str) -> list[str]:
    """Return the files of a finished video without digests. Raises IntegrityFailure."""
    names = file_sets.finished_set(folder, video_id)
    media = next(folder / name for name in names if role_of(name) is Role.MEDIA)
    try:
        require_playable(media, ffmpeg_path())
    except IntegrityFailure as failure:
        raise IntegrityFailure(f"{media}: {failure.message}; it is not taken in") from failure
    return names


def _may_be_lost(folder: Path, name: str) -> bool:
    """Return whether the folder can have had a file of this name."""
    path = PurePosixPath(name)
    is_inside = not path.is_absolute() and ".." not in path.parts
    is_possible = all(len(os.fsencode(part)) <= _LONGEST_NAME for part in path.parts)
    return is_inside and is_possible and not is_folder(folder / path)


def _described(folder: Path, digests: dict[str, str]) -> tuple[list[StoredFile], list[str]]:
    """Return a folder's files by their digests, and which of them are missing.

    Missing files are registered, so that `verify` still reports them; their size is unknown.
    """
    own = [CHECKSUMS] if files.size(folder / CHECKSUMS) is not None else []
    known = digests | {name: files.sha256(folder / name) for name in own}
    sizes = {name: files.size(folder / name) for name in known}
    stored = [
        StoredFile(name=name, size_bytes=sizes[name] or 0, sha256=digest)
        for name, digest in known.items()
    ]
    return stored, [name for name, size in sizes.items() if size is None]


def examine_registration(path: Path, layout: Layout) -> FoundFiles:
    """Return a video that was registered in place. Raises a LocalError or PathOutsideArchive."""
    try:
        note = Registration.model_validate(stored_json(files.read(path)))
    except ValueError:
        raise IntegrityFailure(f"{path}: not a registration that can be read") from None
    folder = layout.absolute(note.folder)
    for file in note.files:
        layout.media_file(f"{note.folder}/{file.name}")
    lost = [file.name for file in note.files if files.size(folder / file.name) is None]
    media = (file.name for file in note.files if file.role is Role.MEDIA and file.name not in lost)
    oddities = [f"{folder / name}: missing" for name in lost]
    stored = FileSet(note.video_id, folder, note.files, note.quality)
    return FoundFiles(stored, next(media, None), to_micros(note.stored_at), oddities)


def changed(path: Path) -> int:
    """Return when a file was changed, in microseconds; out-of-range times are limited."""
    with os_errors(path):
        return min(max(path.stat().st_mtime_ns // 1000, 0), _LAST_MOMENT)


def quality_of(info: Path) -> str | None:
    """Return the quality of the fetched picture from yt-dlp's info file: `720p`."""
    try:
        told: Any = stored_json(read_regular(info))
    except (OSError, ValueError):
        return None
    return quality_label(told) if isinstance(told, dict) else None


EXAMINATION_FAILURES = (YTArchiveError, OSError, ValueError, OverflowError)
"""Errors of `examine`: the video is reported, and the search continues."""


def listed(base: Path, folder: str) -> list[str]:
    """Return all files below a folder of the archive, with names as stored in databases."""
    found: list[str] = []
    pending = [file_name(folder)]
    while pending:
        inner = pending.pop()
        try:
            with os.scandir(base / inner) as entries:
                for entry in entries:
                    below = pending if entry.is_dir(follow_symlinks=False) else found
                    below.append(f"{inner}/{entry.name}")
        except OSError:
            continue  # it no longer exists: its files are reported as missing
    return sorted(map(stored_name, found))
