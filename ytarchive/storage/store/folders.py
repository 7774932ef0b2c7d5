"""Creates and checks the archive's folders."""

import os
from pathlib import Path

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


def is_writable(base: Path) -> bool:
    """Return whether files can be added to the archive's folder."""
    return os.access(base, os.W_OK | os.X_OK)
