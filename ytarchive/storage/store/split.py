"""A media store elsewhere, together with the files that always stay on the local disk."""

import threading
from collections.abc import AsyncIterator, Collection, Iterable
from pathlib import Path

from ytarchive.common.config import OWN_FOLDER
from ytarchive.common.content import Parts
from ytarchive.common.disk import Space
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.local import LocalMediaStore
from ytarchive.storage.store.media_store import FileState, MediaStore


class SplitMediaStore(MediaStore):
    """Keys below staging and `metadata/` are local; all others are in the store `media`."""

    def __init__(self, layout: Layout, media: MediaStore) -> None:
        self._local = LocalMediaStore(layout)
        self._media = media
        self._prefixes = (f"{OWN_FOLDER}/staging", layout.relative(layout.metadata))

    async def place(self, path: str, video_id: str | None = None) -> str:
        return await self._media.place(path, video_id)

    async def put(self, source: Path, prefix: str, names: Collection[str]) -> None:
        await self._media.put(source, prefix, names)

    async def write(self, key: str, content: bytes) -> None:
        await self._of(key).write(key, content)

    async def read(self, key: str, limit: int | None = None) -> bytes:
        return await self._of(key).read(key, limit)

    async def open(
        self, key: str, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> Parts:
        return await self._of(key).open(key, start, stop, etag)

    async def stat(
        self, keys: Iterable[str], *, hashed: bool = False, stop: threading.Event | None = None
    ) -> dict[str, FileState]:
        wanted = list(keys)
        local = [key for key in wanted if self._is_local(key)]
        media = [key for key in wanted if not self._is_local(key)]
        states = await self._media.stat(media, hashed=hashed, stop=stop)
        if local:
            states |= await self._local.stat(local, hashed=hashed, stop=stop)
        return {key: states[key] for key in wanted}

    async def iterate(
        self, *prefixes: str, deep: bool = True, lenient: bool = False
    ) -> AsyncIterator[str]:
        for prefix in prefixes:
            async for key in self._of(prefix).iterate(prefix, deep=deep, lenient=lenient):
                yield key

    async def move(self, source: str, target: str) -> None:
        source_store, target_store = self._of(source), self._of(target)
        if source_store is target_store:
            await source_store.move(source, target)
            return
        await target_store.write(target, await source_store.read(source))
        await source_store.delete(source)

    async def delete(self, prefix: str) -> None:
        await self._of(prefix).delete(prefix)

    async def space(self, min_free: int) -> Space:
        return await self._media.space(min_free)

    def local_path(self, key: str) -> Path | None:
        return self._of(key).local_path(key)

    def _of(self, key: str) -> MediaStore:
        return self._local if self._is_local(key) else self._media

    def _is_local(self, key: str) -> bool:
        return any(f"{key}/".startswith(f"{prefix}/") for prefix in self._prefixes)
