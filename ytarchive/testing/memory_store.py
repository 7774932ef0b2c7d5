"""A media store in memory. It has no rename and no local paths, like an object store."""

import hashlib
import itertools
import threading
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from ytarchive.common import errors
from ytarchive.common.config import OWN_FOLDER
from ytarchive.common.content import PART_SIZE, Parts
from ytarchive.common.disk import Space
from ytarchive.common.paths import require_names
from ytarchive.storage import FileKind, FileState, MediaStore


@dataclass(frozen=True)
class _Object:
    content: bytes
    modified: datetime
    etag: str


class MemoryMediaStore(MediaStore):
    """Files in a dictionary. `capacity`: in bytes."""

    def __init__(self, capacity: int = 2**40, videos: str = "videos") -> None:
        self._objects: dict[str, _Object] = {}
        self._versions = itertools.count(1)
        self._capacity = capacity
        self._videos = videos

    async def place(self, path: str, video_id: str | None = None) -> str:
        require_names(path)
        key = PurePosixPath(path or self._videos)
        if key.is_absolute() or ".." in key.parts or key.parts[:1] in _NOT_FOR_VIDEOS:
            raise errors.PathOutsideArchive(f"{path!r} cannot hold videos")
        if video_id is not None and key.name != video_id:
            key /= video_id
        return str(key)

    async def put(self, source: Path, prefix: str, names: Collection[str]) -> None:
        for name in names:
            file = source / name
            if file.is_file():
                self._store(f"{prefix}/{name}", file.read_bytes())
                file.unlink()
        _remove_empty(source)

    async def write(self, key: str, content: bytes) -> None:
        self._store(key, content)

    async def read(self, key: str, limit: int | None = None) -> bytes:
        return self._get(key).content[:limit]

    async def open(
        self, key: str, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> Parts:
        found = self._get(key)
        if etag not in {None, found.etag}:
            raise errors.ContentChanged(f"{key} has changed")
        wanted = found.content[start:stop]
        parts = (wanted[at : at + PART_SIZE] for at in range(0, len(wanted), PART_SIZE))

        async def read() -> bytes:
            return next(parts, b"")

        async def close() -> None:
            parts.close()

        return Parts(read, close)

    async def stat(
        self, keys: Iterable[str], *, hashed: bool = False, stop: threading.Event | None = None
    ) -> dict[str, FileState]:
        if hashed and stop is not None and stop.is_set():
            raise errors.Cancelled("the reading of files was stopped")
        return {key: self._state(key, hashed=hashed) for key in keys}

    async def iterate(
        self, *prefixes: str, deep: bool = True, lenient: bool = False
    ) -> AsyncIterator[str]:
        for prefix in prefixes:
            start = "" if prefix == "." else f"{prefix}/"
            inside = [key for key in self._objects if key.startswith(start)]
            for key in dict.fromkeys(inside if deep else (_directly(key, start) for key in inside)):
                yield key

    async def move(self, source: str, target: str) -> None:
        if source not in self._objects:
            raise errors.FileGone(f"{source} is gone")
        self._objects[target] = self._objects.pop(source)

    async def delete(self, prefix: str) -> None:
        for key in [key for key in self._objects if f"{key}/".startswith(f"{prefix}/")]:
            del self._objects[key]

    async def space(self, min_free: int) -> Space:
        used = sum(len(each.content) for each in self._objects.values())
        return Space(self._capacity, self._capacity - used, kept=min_free)

    def local_path(self, key: str) -> Path | None:
        return None

    def _store(self, key: str, content: bytes) -> None:
        etag = f"{next(self._versions):x}"
        self._objects[key] = _Object(content, datetime.now(UTC), etag)

    def _get(self, key: str) -> _Object:
        if key not in self._objects:
            raise errors.NotFound(f"{key} does not exist")
        return self._objects[key]

    def _state(self, key: str, *, hashed: bool) -> FileState:
        found = self._objects.get(key)
        if found is None:
            is_folder = any(other.startswith(f"{key}/") for other in self._objects)
            return FileState(key, FileKind.FOLDER if is_folder else FileKind.MISSING)
        digest = hashlib.sha256(found.content).hexdigest() if hashed else None
        return FileState(key, FileKind.FILE, len(found.content), found.modified, found.etag, digest)


_NOT_FOR_VIDEOS = {(), (OWN_FOLDER,), ("metadata",), ("logs",)}


def _directly(key: str, start: str) -> str:
    name, slash, _ = key.removeprefix(start).partition("/")
    return f"{start}{name}{slash}"


def _remove_empty(folder: Path) -> None:
    """Remove a folder and its empty subfolders; files that were added meanwhile stay."""
    for inner in sorted(folder.rglob("*/"), reverse=True):
        if not any(inner.iterdir()):
            inner.rmdir()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
