"""Paths that callers name: they must not lead out of the archive."""

from pathlib import Path

from ytarchive.common.errors import PathOutsideArchive


def require_inside(named: str, base_path: Path) -> None:
    """Check a path, relative to the archive or absolute, with its links followed.

    Refusing early is kind to the caller; Storage decides when the files are there. Raises
    PathOutsideArchive.
    """
    if "\0" in named or ".." in Path(named).parts:
        raise PathOutsideArchive(f"{named[:200]!r} leads out of the archive")
    base = base_path.resolve()
    resolved = (base / named).resolve()
    state = base / ".ytarchive"
    if not resolved.is_relative_to(base) or resolved.is_relative_to(state):
        raise PathOutsideArchive(f"{named[:200]!r} is not a place for videos in the archive")
