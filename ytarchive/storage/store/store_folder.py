"""The files of a store below one prefix, such as a video's folder or a staged download."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ytarchive.common.disk import os_errors
from ytarchive.common.errors import NotFound
from ytarchive.storage.store.checksums import parsed_checksums
from ytarchive.storage.store.known_files import is_known_foreign
from ytarchive.storage.store.layout import CHECKSUMS
from ytarchive.storage.store.media_store import FileState, MediaStore


@dataclass(frozen=True)
class StoreFolder:
    """Files by their names relative to the prefix, as databases store them."""

    store: MediaStore
    prefix: str

    def key(self, name: str) -> str:
        """Return the key of a file."""
        return f"{self.prefix}/{name}"

    @property
    def local_path(self) -> Path | None:
        """Return the folder on this machine; None if the store is elsewhere."""
        return self.store.local_path(self.prefix)

    async def names(self, *, lenient: bool = False) -> list[str]:
        """Return the names of all files, sorted, without known files of other programs.

        `lenient`: skip folders that cannot be read.
        """
        start = f"{self.prefix}/"
        keys = self.store.iterate(self.prefix, lenient=lenient)
        names = [key.removeprefix(start) async for key in keys]
        return sorted(name for name in names if not is_known_foreign(name))

    async def states(self, names: Iterable[str], *, hashed: bool = False) -> dict[str, FileState]:
        """Return the states of files by name; see `MediaStore.stat`."""
        keys = {name: self.key(name) for name in names}
        if not keys:
            return {}
        states = await self.store.stat(keys.values(), hashed=hashed)
        return {name: states[key] for name, key in keys.items()}

    async def checksums(self) -> dict[str, str]:
        """Return digests by name from the folder's list of digests; none without a list."""
        return parsed_checksums(await self.checksum_list() or b"")

    async def checksum_list(self) -> bytes | None:
        """Return the content of the folder's list of digests; None without a list."""
        try:
            return await self.store.read(self.key(CHECKSUMS))
        except NotFound:
            return None


@asynccontextmanager
async def local_file(store: MediaStore, key: str, scratch: Path) -> AsyncIterator[Path]:
    """Yield a path with the content of a file: its own, or that of a temporary copy in `scratch`.

    Raises NotFound or a LocalError.
    """
    path = store.local_path(key)
    if path is not None:
        yield path
        return
    copy = scratch / f"{secrets.token_hex(8)}{PurePosixPath(key).suffix}"
    try:
        async with await store.open(key) as parts:
            async for part in parts:
                await asyncio.to_thread(_append, copy, part)
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _append(path: Path, part: bytes) -> None:
    with os_errors(path), path.open("ab") as file:
        file.write(part)
