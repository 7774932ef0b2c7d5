"""Content that is a file of the media store."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Self

from ytarchive.common.content import Content, Parts
from ytarchive.common.errors import FileFailure, NotFound
from ytarchive.storage.content.types import media_type, safe_name
from ytarchive.storage.store.media_store import MediaStore


@dataclass(frozen=True)
class StoredContent(Content):
    """A file of the media store. Its etag changes with each write."""

    store: MediaStore
    key: str

    @classmethod
    async def of(cls, store: MediaStore, key: str) -> Self:
        """Return the content of a file. Raises NotFound, FileFailure or a LocalError."""
        state = (await store.stat([key]))[key]
        if state.is_missing:
            message = f"{key} is registered and missing; `ytarchive verify` lists all such files"
            raise NotFound(message)
        if not state.is_file:
            raise FileFailure(f"{key} cannot be read: it is not a regular file")
        path = PurePosixPath(key)
        modified = state.modified or datetime.now(UTC)
        return cls(
            name=safe_name(path),
            media_type=media_type(path),
            size=state.size or 0,
            modified=modified.replace(microsecond=0),
            etag=state.etag,
            store=store,
            key=key,
        )

    async def _open(self, start: int, stop: int) -> Parts:
        return await self.store.open(self.key, start, stop, self.etag)
