"""Creates and checks the archive's folders."""

import os
from pathlib import Path

from ytarchive.common.disk import Space
from ytarchive.common.errors import InvalidConfiguration
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


def checks(base: Path, min_free: int) -> dict[str, bool]:
    """Return health checks: whether the archive is writable and has free space."""
    try:
        has_room = Space.at(base, min_free).left >= 0
    except OSError:
        has_room = False
    return {
        "base_path_writable": os.access(base, os.W_OK | os.X_OK),
        "free_space": has_room,
    }
