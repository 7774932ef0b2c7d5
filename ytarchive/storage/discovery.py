"""Finds videos by their files alone: every folder that is named by an id and lists its digests.

Everything here blocks; callers run it in a thread.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from ytarchive.common.disk import os_errors
from ytarchive.common.errors import IntegrityFailure, LocalError, PathOutsideArchive
from ytarchive.common.models import to_micros
from ytarchive.storage import files, intake
from ytarchive.storage.checks import listed
from ytarchive.storage.intake import Registration, StoredFile
from ytarchive.storage.layout import CHECKSUMS, Layout, Role, role_of
from ytarchive.storage.repository import FileSet
from ytarchive.ytdlp import ffmpeg_path, require_playable

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")


@dataclass(frozen=True)
class Found:
    """A video that was found, when it was stored (microseconds), and what is odd about it."""

    stored: FileSet
    media: str | None
    moment: int
    oddities: list[str]


def video_folders(layout: Layout) -> Iterator[Path]:
    """Every folder of the archive that may be a video's; links are not followed."""
    own = {layout.metadata, layout.logs, layout.state, layout.base / ".ytarchive"}
    pending = [layout.base]
    while pending:
        folder = pending.pop()
        with os_errors(folder), os.scandir(folder) as entries:
            inner = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        for path in inner:
            if _VIDEO_ID.fullmatch(path.name) and _is_video(path, layout):
                yield path
            elif path not in own:
                pending.append(path)


def documents(folder: Path) -> Iterator[Path]:
    """The JSON files of a folder, one by one: there may be a million."""
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if path.suffix == ".json")


def _is_video(folder: Path, layout: Layout) -> bool:
    return folder.parent == layout.videos or (folder / CHECKSUMS).is_file()


def examine(folder: Path) -> Found:
    """What a video's folder holds, by its list of digests; without one, by its files.

    Raises a LocalError if it is no video at all, or cannot be read.
    """
    video_id = folder.name
    names = [path.removeprefix("./") for path in listed(folder, ".")]
    digests = files.read_checksums(folder)
    if not digests:
        names = _playing_set(folder, video_id)
        digests = {name: files.sha256(folder / name) for name in names}
        oddities = [f"{folder}: has no list of digests; taken as it is"]
    else:
        oddities = [f"{folder / name}: missing" for name in sorted(digests.keys() - set(names))]
        oddities += [f"{folder / name}: not in the list of digests" for name in names
                     if name not in digests and name != CHECKSUMS]  # fmt: skip
    stored = _described(folder, names, digests)
    newest = max(
        (file.name for file in stored if file.role is Role.MEDIA),
        key=lambda name: (folder / name).stat().st_mtime_ns,
        default=None,
    )
    moment = _changed(folder / (CHECKSUMS if CHECKSUMS in names else newest or "."))
    quality = quality_of(folder / f"{video_id}.info.json") if newest else None
    return Found(FileSet(video_id, folder, stored, quality), newest, moment, oddities)


def _playing_set(folder: Path, video_id: str) -> list[str]:
    """The files of a finished video of which no digests are known. Raises IntegrityFailure."""
    names = intake.finished_set(folder, video_id)
    media = next(folder / name for name in names if role_of(name) is Role.MEDIA)
    try:
        require_playable(media, ffmpeg_path())
    except IntegrityFailure as failure:
        raise IntegrityFailure(f"{media}: {failure.message}; it is not taken in") from failure
    return names


def _described(folder: Path, names: list[str], digests: dict[str, str]) -> list[StoredFile]:
    known = {name: digests[name] for name in names if name in digests}
    if CHECKSUMS in names:
        known[CHECKSUMS] = files.sha256(folder / CHECKSUMS)
    return [
        StoredFile(name=name, size_bytes=size, sha256=digest)
        for name, digest in known.items()
        if (size := files.size(folder / name)) is not None
    ]


def examine_registration(path: Path, layout: Layout) -> Found:
    """A video that was registered where it lies. Raises a LocalError or PathOutsideArchive."""
    try:
        note = Registration.model_validate_json(files.read(path))
    except ValidationError:
        raise IntegrityFailure(f"{path}: not a registration that can be read") from None
    folder = layout.base / note.folder
    for file in note.files:
        layout.media_file(f"{note.folder}/{file.name}")
    present = [file for file in note.files if files.size(folder / file.name) is not None]
    media = next((file.name for file in present if file.role is Role.MEDIA), None)
    gone = [f"{folder / file.name}: missing" for file in note.files if file not in present]
    stored = FileSet(note.video_id, folder, present, note.quality)
    return Found(stored, media, to_micros(note.stored_at), gone)


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns // 1000


def quality_of(info: Path) -> str | None:
    """The picture that was fetched, as yt-dlp's info tells it: `720p`."""
    try:
        told: Any = from_json(info.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(told, dict) or told.get("vcodec") == "none":
        return None
    sides = [side for side in (told.get("width"), told.get("height")) if isinstance(side, int)]
    return f"{min(sides)}p" if sides and all(sides) else None


EXAMINATION_FAILURES = (LocalError, PathOutsideArchive, OSError)
"""What `examine` raises: the video is told, and the others are not kept waiting."""
