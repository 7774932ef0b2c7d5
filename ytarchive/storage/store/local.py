"""The media store on a local disk: durable renames, and no link is followed out of the archive."""

import asyncio
import functools
import hashlib
import itertools
import os
import shutil
import stat
import threading
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BufferedReader
from pathlib import Path
from typing import Self

from ytarchive.common import filesystem
from ytarchive.common.case import require_exact_name
from ytarchive.common.config import StorageConfig
from ytarchive.common.content import PART_SIZE, Parts
from ytarchive.common.disk import Space, os_errors, sync, translated
from ytarchive.common.errors import Cancelled, ContentChanged, FileFailure, LocalError
from ytarchive.common.file_names import stored_name
from ytarchive.common.regular import open_regular
from ytarchive.storage.store import files, folders
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import FileKind, FileState, MediaStore

_CHUNK = 2**20
_KEYS_AT_ONCE = 1000
_EPOCH = datetime.fromtimestamp(0, UTC)
_DELETING = ".deleting"


class LocalMediaStore(MediaStore):
    """The files below the archive's folder."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    @classmethod
    def at(cls, config: StorageConfig) -> Self:
        """Return the store of a new archive, and create its folders. Blocks."""
        layout = Layout.of(config)
        folders.prepare(layout)
        return cls(layout)

    async def place(self, path: str, video_id: str | None = None) -> str:
        return await asyncio.to_thread(self._place, path, video_id)

    async def put(self, source: Path, prefix: str, names: Collection[str]) -> None:
        await asyncio.to_thread(files.move_set, source, self._layout.absolute(prefix), names)

    async def write(self, key: str, content: bytes) -> None:
        await asyncio.to_thread(self._write, self._layout.absolute(key), content)

    async def read(self, key: str, limit: int | None = None) -> bytes:
        return await asyncio.to_thread(files.read, self._layout.absolute(key), limit)

    async def open(
        self, key: str, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> Parts:
        path = self._layout.absolute(key)
        file, size = await asyncio.to_thread(_opened, path, start, etag)
        left = max(0, (size if stop is None else min(stop, size)) - start)

        async def read() -> bytes:
            nonlocal left
            part = await asyncio.to_thread(_read_part, path, file, min(left, PART_SIZE))
            left -= len(part)
            return part

        return Parts(read, lambda: asyncio.to_thread(file.close))

    async def stat(
        self, keys: Iterable[str], *, hashed: bool = False, stop: threading.Event | None = None
    ) -> dict[str, FileState]:
        wanted = list(keys)
        if not wanted:
            return {}
        states = functools.partial(self._states, wanted, hashed=hashed, stop=stop)
        if stop is None:
            return await asyncio.to_thread(states)
        return await asyncio.get_running_loop().run_in_executor(_background(), states)

    async def iterate(
        self, *prefixes: str, deep: bool = True, lenient: bool = False
    ) -> AsyncIterator[str]:
        folders = list(map(self._layout.absolute, prefixes))
        keys = self._keys(folders, deep=deep, lenient=lenient)
        while some := await asyncio.to_thread(_take, keys):
            for key in some:
                yield key
            if len(some) < _KEYS_AT_ONCE:
                break

    async def move(self, source: str, target: str) -> None:
        await asyncio.to_thread(_rename, *map(self._layout.absolute, (source, target)))

    async def delete(self, prefix: str) -> None:
        await asyncio.to_thread(_delete, self._layout.absolute(prefix))

    async def space(self, min_free: int) -> Space:
        with os_errors(self._layout.base):
            return await asyncio.to_thread(Space.at, self._layout.base, min_free)

    def local_path(self, key: str) -> Path | None:
        return self._layout.absolute(key)

    def _states(
        self, keys: Iterable[str], *, hashed: bool, stop: threading.Event | None
    ) -> dict[str, FileState]:
        return {key: self._state(key, hashed=hashed, stop=stop) for key in keys}

    def _place(self, path: str, video_id: str | None) -> str:
        if video_id is None:
            return self._layout.relative(folders.media_file(self._layout, path))
        folder = folders.video_folder(self._layout, video_id, path or None)
        require_exact_name(folder)
        return self._layout.relative(folder)

    def _write(self, path: Path, content: bytes) -> None:
        files.make_folders(path.parent)
        files.write_atomically(path, content, self._layout.scratch)

    def _state(self, key: str, *, hashed: bool, stop: threading.Event | None) -> FileState:
        path = self._layout.absolute(key)
        try:
            state = _state_of(key, path)
            if hashed and state.kind is FileKind.FILE:
                return replace(state, sha256=_digest(path, stop))
        except FileNotFoundError:
            return FileState(key, FileKind.MISSING)
        except OSError as error:
            return FileState(key, FileKind.UNKNOWN, error=translated(error, path))
        except Cancelled:
            raise
        except LocalError as error:
            return FileState(key, FileKind.UNKNOWN, error=error)
        return state

    def _keys(self, folders: list[Path], *, deep: bool, lenient: bool) -> Iterator[str]:
        pending = folders
        while pending:
            inner = pending.pop()
            parent = "" if inner == self._layout.base else f"{self._layout.relative(inner)}/"
            for entry in _entries(inner, lenient=lenient):
                key = f"{parent}{stored_name(entry.name)}"
                if not entry.is_dir(follow_symlinks=False):
                    yield key
                elif deep:
                    pending.append(inner / entry.name)
                else:
                    yield f"{key}/"


@functools.cache
def _background() -> ThreadPoolExecutor:
    """Return threads with a lower priority than all other work on this machine."""
    return ThreadPoolExecutor(os.cpu_count(), "background", _lower_priority)


def _lower_priority() -> None:
    with suppress(OSError, AttributeError):  # not supported on every system, and optional
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def _state_of(key: str, path: Path) -> FileState:
    found = filesystem.status(path, follow=False)
    if found is None:
        return FileState(key, FileKind.MISSING)
    kind = _KINDS.get(stat.S_IFMT(found.st_mode), FileKind.OTHER)
    if kind is FileKind.LINK:
        kind = _kind_of_link(path)
    return FileState(
        key,
        kind,
        size=found.st_size if kind is FileKind.FILE else None,
        modified=_time_of(found),
        etag=_etag(found),
    )


_KINDS = {
    stat.S_IFREG: FileKind.FILE,
    stat.S_IFDIR: FileKind.FOLDER,
    stat.S_IFLNK: FileKind.LINK,
}


def _kind_of_link(path: Path) -> FileKind:
    if filesystem.is_folder(path):
        return FileKind.FOLDER_LINK
    return FileKind.LINK if filesystem.is_file(path) else FileKind.OTHER


def _time_of(found: os.stat_result) -> datetime | None:
    try:
        return _EPOCH + timedelta(microseconds=max(found.st_mtime_ns, 0) // 1000)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _etag(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns:x}-{status.st_size:x}"


def _entries(folder: Path, *, lenient: bool) -> list["os.DirEntry[str]"]:
    try:
        with os_errors(folder), os.scandir(folder) as entries:
            return list(entries)
    except LocalError as error:
        if lenient or isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            return []
        raise


def _take(keys: Iterator[str]) -> list[str]:
    return list(itertools.islice(keys, _KEYS_AT_ONCE))


def _digest(path: Path, stop: threading.Event | None) -> str:
    digest, buffer = hashlib.sha256(), bytearray(_CHUNK)
    view = memoryview(buffer)
    with open_regular(path) as file:
        while count := file.readinto(buffer):
            digest.update(view[:count])
            if stop is not None and stop.is_set():
                raise Cancelled("the reading of files was stopped")
    return digest.hexdigest()


def _opened(path: Path, start: int, etag: str | None) -> tuple[BufferedReader, int]:
    with files.failures(path):
        file = open_regular(path)
    status = os.fstat(file.fileno())
    if etag not in {None, _etag(status)}:
        file.close()
        raise ContentChanged(f"{path.name} has changed")
    file.seek(start)
    return file, status.st_size


def _read_part(path: Path, file: BufferedReader, size: int) -> bytes:
    with files.failures(path):
        part = file.read(size)
    if len(part) < size:
        raise FileFailure(f"{path} became shorter while it was read")
    return part


def _rename(source: Path, target: Path) -> None:
    files.make_folders(target.parent)
    with os_errors(source):
        source.rename(target)
        sync(target.parent)
        sync(source.parent)


def _delete(path: Path) -> None:
    """Delete a file or a folder, which is renamed first so that it never looks complete."""
    with os_errors(path):
        if not filesystem.is_folder(path) or filesystem.is_link(path):
            path.unlink(missing_ok=True)
            return
        deleted = path if path.name.endswith(_DELETING) else path.with_name(path.name + _DELETING)
        if deleted != path:
            path.rename(deleted)
            sync(path.parent)
        shutil.rmtree(deleted)
