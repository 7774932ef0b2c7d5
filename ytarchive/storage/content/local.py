"""Content that is a regular file of the archive."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Self

from ytarchive.common.content import PART_SIZE, Content, Parts
from ytarchive.common.disk import translated
from ytarchive.common.errors import ContentChanged, FileFailure, NotFound
from ytarchive.common.regular import open_regular
from ytarchive.storage.content.types import media_type, safe_name


@dataclass(frozen=True)
class LocalContent(Content):
    """A file on the local disk. Its etag changes with each write."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> Self:
        """Return the content of a file. Blocks. Raises NotFound, FileFailure or a LocalError."""
        with _failures(path), open_regular(path) as file:
            status = os.fstat(file.fileno())
        return cls(
            name=safe_name(path),
            media_type=media_type(path),
            size=status.st_size,
            modified=datetime.fromtimestamp(status.st_mtime_ns // 10**9, UTC),
            etag=_etag(status),
            path=path,
        )

    async def _open(self, start: int, stop: int) -> Parts:
        file = await asyncio.to_thread(self._opened, start)
        left = stop - start

        async def read() -> bytes:
            nonlocal left
            part = await asyncio.to_thread(self._read, file, min(left, PART_SIZE))
            left -= len(part)
            return part

        return Parts(read, lambda: asyncio.to_thread(file.close))

    def _opened(self, start: int) -> BufferedReader:
        with _failures(self.path):
            file = open_regular(self.path)
        if _etag(os.fstat(file.fileno())) != self.etag:
            file.close()
            raise ContentChanged(f"{self.name} has changed")
        file.seek(start)
        return file

    def _read(self, file: BufferedReader, size: int) -> bytes:
        with _failures(self.path):
            part = file.read(size)
        if len(part) < size:
            raise FileFailure(f"{self.path} became shorter while it was read")
        return part


def _etag(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns:x}-{status.st_size:x}"


@contextmanager
def _failures(path: Path) -> Iterator[None]:
    """Translate errors of the operating system; a missing file raises NotFound."""
    try:
        yield
    except FileNotFoundError:
        message = f"{path} is registered and missing; `ytarchive verify` lists all such files"
        raise NotFound(message) from None
    except OSError as error:
        raise translated(error, path) from error
