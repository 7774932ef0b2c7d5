"""The port to the place where the files of the archive are stored.

A key is a file's path relative to the archive, as databases store it (`stored_name`). A prefix is
the key of a folder. Databases, staging and the JSON files in `metadata/` are always local.
"""

import threading
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from ytarchive.common.content import Parts
from ytarchive.common.disk import Space
from ytarchive.common.errors import LocalError


class FileKind(StrEnum):
    """What is stored under a key. An object store has only files."""

    FILE = "file"
    LINK = "link"
    """A link to a regular file."""
    FOLDER = "folder"
    FOLDER_LINK = "folder link"
    OTHER = "other"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """The store reported an error."""


@dataclass(frozen=True)
class FileState:
    """The state of one key."""

    key: str
    kind: FileKind
    size: int | None = None
    """In bytes; None unless `kind` is FILE."""
    modified: datetime | None = None
    """In UTC; None if the key is missing or unknown."""
    etag: str = ""
    """Changes with each write of the file."""
    sha256: str | None = None
    """In hexadecimal; None unless it was requested and the content could be read."""
    error: LocalError | None = None

    @property
    def is_missing(self) -> bool:
        """Return whether nothing is stored under the key. Raises the error of an unknown state."""
        return self.checked().kind is FileKind.MISSING

    @property
    def is_file(self) -> bool:
        """Return whether the key has a regular file. Raises the error of an unknown state."""
        return self.checked().kind is FileKind.FILE

    @property
    def leads_to_file(self) -> bool:
        """Return whether the key has a regular file or a link to one. Raises as `is_file`."""
        return self.checked().kind in {FileKind.FILE, FileKind.LINK}

    def checked(self) -> "FileState":
        """Return the state, or raise its LocalError."""
        if self.error is not None:
            raise self.error
        return self


class MediaStore(Protocol):
    """Stores the files of the archive by key.

    A file is visible under its key only when it is complete and durable. All operations raise a
    LocalError if the store fails: DiskFull, NotWritable, FileFailure and others.
    """

    async def place(self, path: str, video_id: str | None = None) -> str:
        """Return the key under which `path`, as a caller names it, can be stored.

        `video_id`: `path` is the folder that holds the video's folder (empty for the default), or
        is the video's folder; return the prefix of that folder. Raises PathOutsideArchive or
        CaseConflict.
        """
        ...

    async def put(self, source: Path, prefix: str, names: Collection[str]) -> None:
        """Move a local folder of finished files below `prefix`, or finish an interrupted `put`.

        Files are stored in the order of `names`; other files below `prefix` stay, and existing
        files of the same names are replaced. Names that `source` lacks are skipped.
        """
        ...

    async def write(self, key: str, content: bytes) -> None:
        """Store a small file, replacing the existing one at once."""
        ...

    async def read(self, key: str, limit: int | None = None) -> bytes:
        """Return the content of a small file, at most `limit` bytes. Raises NotFound."""
        ...

    async def open(
        self, key: str, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> Parts:
        """Return the bytes from `start` up to and without `stop`.

        `etag`: raise ContentChanged unless it is the file's. Raises NotFound.
        """
        ...

    async def stat(
        self, keys: Iterable[str], *, hashed: bool = False, stop: threading.Event | None = None
    ) -> dict[str, FileState]:
        """Return the states of keys. An error of one key is in its state.

        `hashed`: read the files and add their digests. `stop`: read them with low priority, and
        raise Cancelled when it is set.
        """
        ...

    def iterate(
        self, *prefixes: str, deep: bool = True, lenient: bool = False
    ) -> AsyncIterator[str]:
        """Iterate over the keys of all files below some prefixes, in no order.

        `deep`: if False, only over what is directly below them, where folders end with `/`.
        `lenient`: skip folders that cannot be read.
        """
        ...

    async def move(self, source: str, target: str) -> None:
        """Move one file to another key, durably, replacing an existing file."""
        ...

    async def delete(self, prefix: str) -> None:
        """Permanently delete a file, or all files below a prefix. Nothing there is no error."""
        ...

    async def space(self, min_free: int) -> Space:
        """Return the capacity and the free space. `min_free`: bytes that are kept free."""
        ...

    def local_path(self, key: str) -> Path | None:
        """Return the path of a key on this machine; None if the store is elsewhere."""
        ...


async def has_space(store: MediaStore, min_free: int) -> bool:
    """Return whether more than `min_free` bytes are known to be free."""
    try:
        return (await store.space(min_free)).left >= 0
    except LocalError:
        return False
