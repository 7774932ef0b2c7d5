"""Creates and checks the archive's folders, and decides where videos can be stored. Blocks."""

import os
from pathlib import Path

from ytarchive.common.errors import InvalidConfiguration, PathOutsideArchive
from ytarchive.common.filesystem import is_file
from ytarchive.common.paths import VIEW_MARKER, followed, require_names
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import Layout


def prepare(layout: Layout) -> None:
    """Create all folders, and check that files can be written and moved there.

    Raises NotWritable, DiskFull, FileFailure or InvalidConfiguration.
    """
    for folder in [layout.base, layout.staging, layout.scratch, *layout.folders]:
        files.make_folders(folder)
        if folder.resolve() != folder:
            message = (
                f"{folder} is a link to {folder.resolve()}; it must be a folder of the archive"
            )
            raise InvalidConfiguration(f"{message}. Move the whole archive (`storage.base_path`)")
    files.empty_folder(layout.scratch)
    for folder in [layout.staging, *layout.folders]:
        files.probe(layout.scratch, folder)


def is_writable(base: Path) -> bool:
    """Return whether files can be added to the archive's folder."""
    return os.access(base, os.W_OK | os.X_OK)


def video_folder(layout: Layout, video_id: str, output_path: str | None) -> Path:
    """Return the folder of a video in `output_path` (default: `videos`).

    If the last part of `output_path` is the video's id, `output_path` is the video's folder.
    Raises PathOutsideArchive.
    """
    parent = _inside(layout, output_path) if output_path else layout.videos
    folder = parent if parent.name == video_id else parent / video_id
    resolved = followed(folder)  # the folder itself may be a link
    if resolved.name != video_id or not _may_hold_videos(layout, resolved):
        if resolved != folder:
            raise PathOutsideArchive(f"{folder} is a link to {resolved}: nothing is stored there")
        raise PathOutsideArchive(f"{output_path or 'videos'!r} cannot hold videos")
    return resolved


def media_file(layout: Layout, path: str) -> Path:
    """Return the path of a file that can be registered in place. Raises PathOutsideArchive."""
    resolved = _inside(layout, path)
    if not _may_hold_videos(layout, resolved):
        raise PathOutsideArchive(f"{path!r} is in a folder that cannot contain videos")
    return resolved


def _inside(layout: Layout, path: str) -> Path:
    """Return `path`, which may be relative, without links. Raises PathOutsideArchive."""
    require_names(path)
    resolved = followed(layout.base / path)
    if not resolved.is_relative_to(layout.base):
        raise PathOutsideArchive(f"{path!r} is outside the archive")
    return resolved


def _may_hold_videos(layout: Layout, folder: Path) -> bool:
    """Return whether the folder does not overlap with internal folders, and is in no view."""
    own = [layout.metadata, layout.logs, layout.own, layout.state]
    above = [each for each in (folder, *folder.parents) if each.is_relative_to(layout.base)]
    return folder != layout.base and not (
        any(
            folder.is_relative_to(each) or each.is_relative_to(folder)
            for each in map(followed, own)
        )
        or any(is_file(each / VIEW_MARKER) for each in above)
    )
