"""Takes damaged files out of the archive: they are moved, never deleted.

Everything here blocks; callers run it in a thread.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from ytarchive.common.disk import os_errors, sync
from ytarchive.storage import files, intake
from ytarchive.storage.intake import StoredFile
from ytarchive.storage.layout import CHECKSUMS, Layout
from ytarchive.storage.verify.checks import RegisteredFile


def move_away(layout: Layout, path: str, moment: datetime) -> str:
    """Move a file of the archive to `.ytarchive/quarantine/<time>/<path>`; where it is then.

    Raises NotWritable, DiskFull or FileFailure.
    """
    source = layout.absolute(path)
    target = layout.quarantine / moment.strftime("%Y%m%dT%H%M%S.%fZ") / path
    files.make_folders(target.parent)
    with os_errors(source):
        source.rename(target)
        sync(target.parent)
        sync(source.parent)
    return layout.relative(target)


def write_checksums(
    layout: Layout, folder: str, registered: Iterable[RegisteredFile]
) -> StoredFile:
    """Write a folder's list of digests anew. `registered`: the video's files."""
    digests = {
        Path(file.path).relative_to(folder).as_posix(): file.sha256.hex()
        for file in registered
        if file.path.startswith(f"{folder}/") and file.path != f"{folder}/{CHECKSUMS}"
    }
    where = layout.absolute(folder)
    files.replace_checksums(where, digests, layout.scratch)
    [described] = intake.describe(where, [CHECKSUMS])
    return described
