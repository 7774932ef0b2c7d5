"""Checks paths from callers: they must stay in the archive and outside ytarchive's own folders."""

import os
from pathlib import Path, PurePath

from ytarchive.common.config import OWN_FOLDER, StorageConfig
from ytarchive.common.errors import FolderNotAllowed, PathOutsideArchive
from ytarchive.common.filesystem import is_file

CHECKSUMS = "checksums.sha256"
"""The checksum file in the folder of each stored video."""

VIEW_MARKER = ".ytarchive-view"
"""The file in a view's folder that names the view; such a folder has no files of the archive."""

_LONGEST_NAME = 240  # bytes; leaves room for suffixes of file systems and tools


def require_place_for_videos(
    named: str, storage: StorageConfig, video_id: str | None = None
) -> None:
    """Check a path, relative to the archive or absolute, with its links followed.

    `video_id` is the video to store there, if it is a single one; it may use its own folder. This
    check reports errors early; Storage checks again when it stores the files. Raises
    PathOutsideArchive.
    """
    require_names(named)
    if ".." in PurePath(named).parts:
        raise PathOutsideArchive(f"{named[:200]!r} is outside the archive")
    base = followed(storage.base_path)
    place = followed(base / named)
    own = (
        *(base / OWN_FOLDER, base / storage.metadata_dir, base / storage.logs_dir),
        followed(storage.state_path),
    )
    if not place.is_relative_to(base) or any(place.is_relative_to(each) for each in own):
        raise PathOutsideArchive(f"{named[:200]!r} is not a folder for videos in the archive")
    for folder in (place, *place.parents[: len(place.relative_to(base).parts)]):
        if is_file(folder / VIEW_MARKER):
            raise PathOutsideArchive(f"{named[:200]!r} is in the view {folder.relative_to(base)}")
        is_own = folder == place and folder.name == video_id
        if not is_own and is_file(folder / CHECKSUMS):
            taken = f"{folder.relative_to(base)} is the folder of a stored video"
            raise PathOutsideArchive(f"{named[:200]!r} cannot be used for other videos: {taken}")


def allowed_folder(named: str, storage: StorageConfig) -> Path:
    """Return a folder of the machine that a request names, with its links resolved.

    Raises FolderNotAllowed outside `storage.allowed_roots`, PathOutsideArchive for unsafe names.
    """
    require_names(named)
    folder, roots = followed(Path(named)), storage.allowed_roots
    if not Path(named).is_absolute() or not any(map(folder.is_relative_to, map(followed, roots))):
        known = "below a folder of storage.allowed_roots" if roots else "allowed"
        setting = "" if roots else ": storage.allowed_roots is empty"
        raise FolderNotAllowed(f"{named[:200]!r} is not {known}{setting}")
    return folder


def staged_name(video_id: str, *, side_files: bool) -> str:
    """Return the name of a video's folder in staging.

    `side_files`: those fetched later, which do not mix with a partial download of the whole video.
    """
    return f"{video_id}.side_files" if side_files else video_id


def require_names(path: str) -> None:
    """Refuse names that are unsafe in file systems or terminals.

    These are control characters, direction marks, lone surrogates and long names. Raises
    PathOutsideArchive.
    """
    if not path.isprintable() or len(path) > 2048:
        raise PathOutsideArchive("a path has at most 2048 characters, all of them printable")
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in PurePath(path).parts):
        raise PathOutsideArchive("a part of the path is longer than 240 bytes")


def followed(path: Path) -> Path:
    """Return the path with links resolved. Raises PathOutsideArchive for a loop of links."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise PathOutsideArchive(f"{str(path)!r} cannot be followed") from error
