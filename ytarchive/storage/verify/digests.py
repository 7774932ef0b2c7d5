"""Rewrites a folder's list of digests."""

from collections.abc import Iterable

from ytarchive.storage.store.checksums import checksum_lines
from ytarchive.storage.store.file_sets import StoredFile, written_file
from ytarchive.storage.store.layout import CHECKSUMS
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.verify.checks import RegisteredFile


async def write_checksums(
    store: MediaStore, folder: str, registered: Iterable[RegisteredFile]
) -> StoredFile:
    """Rewrite a folder's list of digests. `registered`: the video's files."""
    digests = {
        file.path.removeprefix(f"{folder}/"): file.sha256.hex()
        for file in registered
        if file.path.startswith(f"{folder}/") and file.path != f"{folder}/{CHECKSUMS}"
    }
    content = checksum_lines(digests)
    await store.write(f"{folder}/{CHECKSUMS}", content)
    return written_file(CHECKSUMS, content)
