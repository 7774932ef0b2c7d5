"""Rewrites a folder's list of digests.

Everything here blocks; callers run it in a thread.
"""

from collections.abc import Iterable

from ytarchive.common.file_names import file_name
from ytarchive.storage.store import file_sets, files
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.layout import CHECKSUMS, Layout
from ytarchive.storage.verify.checks import RegisteredFile


def write_checksums(
    layout: Layout, folder: str, registered: Iterable[RegisteredFile]
) -> StoredFile:
    """Rewrite a folder's list of digests. `registered`: the video's files."""
    digests = {
        file_name(file.path.removeprefix(f"{folder}/")): file.sha256.hex()
        for file in registered
        if file.path.startswith(f"{folder}/") and file.path != f"{folder}/{CHECKSUMS}"
    }
    where = layout.absolute(folder)
    files.replace_checksums(where, digests, layout.scratch)
    [described] = file_sets.describe(where, [CHECKSUMS])
    return described
