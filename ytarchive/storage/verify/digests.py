"""Writes a folder's list of digests anew.

Everything here blocks; callers run it in a thread.
"""

from collections.abc import Iterable
from pathlib import Path

from ytarchive.storage import files, intake
from ytarchive.storage.intake import StoredFile
from ytarchive.storage.layout import CHECKSUMS, Layout
from ytarchive.storage.verify.checks import RegisteredFile


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
