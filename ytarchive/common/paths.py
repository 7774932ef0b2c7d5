"""Paths that callers name: they must not lead out of the archive, nor into its own folders."""

import os
from pathlib import Path, PurePath

from ytarchive.common.config import OWN_FOLDER, StorageConfig
from ytarchive.common.errors import PathOutsideArchive
from ytarchive.common.filesystem import is_file

CHECKSUMS = "checksums.sha256"
"""The list of digests that lies in the folder of each stored video."""

_LONGEST_NAME = 240  # bytes; leaves room for what file systems and tools add
_LONGEST_PATH = 2048


def require_place_for_videos(
    named: str, storage: StorageConfig, video_id: str | None = None
) -> None:
    """Check a path, relative to the archive or absolute, with its links followed.

    `video_id`: the video that is to lie there, if it is a single one; it may have its own folder.
    Refusing early is kind to the caller; Storage decides when the files are there. Raises
    PathOutsideArchive.
    """
    require_names(named)
    if ".." in PurePath(named).parts:
        raise PathOutsideArchive(f"{named[:200]!r} leads out of the archive")
    base = followed(storage.base_path)
    place = followed(base / named)
    own = (
        *(base / OWN_FOLDER, base / storage.metadata_dir, base / storage.logs_dir),
        followed(storage.state_path),
    )
    if not place.is_relative_to(base) or any(place.is_relative_to(each) for each in own):
        raise PathOutsideArchive(f"{named[:200]!r} is not a place for videos in the archive")
    for folder in (place, *place.parents[: len(place.relative_to(base).parts)]):
        is_own = folder == place and folder.name == video_id
        if not is_own and is_file(folder / CHECKSUMS):
            taken = f"{folder.relative_to(base)} is the folder of a stored video"
            raise PathOutsideArchive(f"{named[:200]!r} is no place for others: {taken}")


def require_names(path: str) -> None:
    """Refuse what no file system or terminal can be trusted with.

    Control characters, marks that turn the direction of writing, lone surrogates, endless names.
    Raises PathOutsideArchive.
    """
    if not path.isprintable() or len(path) > _LONGEST_PATH:
        raise PathOutsideArchive("a path has at most 2048 characters, all of them printable")
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in PurePath(path).parts):
        raise PathOutsideArchive("a part of the path is longer than 240 bytes")


def followed(path: Path) -> Path:
    """Return the path without links. Raises PathOutsideArchive for a loop of them."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise PathOutsideArchive(f"{str(path)!r} cannot be followed") from error
