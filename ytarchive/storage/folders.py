"""The archive's folders, made and tried out."""

import os
from collections.abc import Mapping
from pathlib import Path

from ytarchive.common.disk import Space
from ytarchive.common.errors import InvalidConfiguration
from ytarchive.storage import files
from ytarchive.storage.layout import Layout
from ytarchive.storage.repository import Registered


def prepare(layout: Layout) -> None:
    """Make every folder, and prove that files can be written and moved there.

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


def checks(base: Path, min_free: int) -> dict[str, bool]:
    """Whether the archive can be written and filled, for its health."""
    try:
        has_room = Space.at(base, min_free).left >= 0
    except OSError:
        has_room = False
    return {
        "base_path_writable": os.access(base, os.W_OK | os.X_OK),
        "free_space": has_room,
    }


def present_among(
    registered: Mapping[str, Registered], layout: Layout
) -> tuple[set[str], set[str]]:
    """Return the videos whose media is there, and those of them whose metadata is."""
    there = {video_id for video_id, video in registered.items() if video.media.is_file()}
    return there, {video_id for video_id in there if layout.metadata_file(video_id).is_file()}
