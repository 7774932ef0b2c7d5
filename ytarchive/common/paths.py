"""Paths that callers name: they must not lead out of the archive, nor into its own folders."""

from pathlib import Path

from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import PathOutsideArchive


def require_place_for_videos(named: str, storage: StorageConfig) -> None:
    """Check a path, relative to the archive or absolute, with its links followed.

    Refusing early is kind to the caller; Storage decides when the files are there. Raises
    PathOutsideArchive.
    """
    if "\0" in named or ".." in Path(named).parts:
        raise PathOutsideArchive(f"{named[:200]!r} leads out of the archive")
    base = storage.base_path.resolve()
    resolved = (base / named).resolve()
    own = (base / ".ytarchive", base / storage.metadata_dir, base / storage.logs_dir)
    if not resolved.is_relative_to(base) or any(resolved.is_relative_to(each) for each in own):
        raise PathOutsideArchive(f"{named[:200]!r} is not a place for videos in the archive")
