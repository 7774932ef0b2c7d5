"""Implements the contract of the file contents of stored videos."""

import asyncio
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath, PurePosixPath
from typing import Self

from ytarchive.common.archived_files import Role
from ytarchive.common.content import PART_SIZE, Content, Parts
from ytarchive.common.errors import FileFailure, NotFound
from ytarchive.common.file_names import shown_name
from ytarchive.common.presence import ArchiveWatch
from ytarchive.media import LARGEST_FILE, cues_of, webvtt
from ytarchive.storage.content.api import ContentAPI
from ytarchive.storage.library.repository import Library
from ytarchive.storage.store.layout import MEDIA_TYPES, Layout
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.store.watching import WatchedOperations

UNKNOWN = "application/octet-stream"

_UNSAFE = re.compile(
    r'[\x00-\x1f\x7f-\x9f"\\/:*?<>|\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]'
)


def media_type(path: PurePath) -> str:
    """Return the media type of a file by its suffix."""
    return MEDIA_TYPES.get(path.suffix.lower(), UNKNOWN)


def safe_name(path: PurePath) -> str:
    """Return the file name without characters that could break a header or mislead a reader."""
    return _UNSAFE.sub("_", shown_name(path.name))


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


@dataclass(frozen=True)
class CleanedCaptions(Content):
    """Captions as WebVTT, each line once, made from a stored file."""

    body: bytes

    @classmethod
    def of(cls, original: Content, read: bytes) -> Self:
        """Return the cleaned form of a file. `read`: its bytes."""
        path = PurePosixPath(original.name)
        body = webvtt(cues_of(read, path.suffix[1:].lower()))
        return cls(
            name=f"{path.stem}.vtt",
            media_type=media_type(PurePosixPath("captions.vtt")),
            size=len(body),
            modified=original.modified,
            etag=f"{original.etag}-cleaned",
            body=body,
        )

    async def _open(self, start: int, stop: int) -> Parts:
        rest = io.BytesIO(self.body[start:stop])

        async def read() -> bytes:
            return rest.read(PART_SIZE)

        return Parts(read, _nothing)


async def _nothing() -> None:
    """Close nothing: the bytes are in memory."""


class ContentService(WatchedOperations, ContentAPI):
    """Serves the files of stored videos. Keys are read from the library, never from a request."""

    def __init__(
        self, library: Library, layout: Layout, store: MediaStore, watch: ArchiveWatch
    ) -> None:
        super().__init__(watch)
        self._store = store
        self._library = library
        self._layout = layout

    async def get_media(self, video_id: str) -> Content:
        location = await self._library.location(video_id)
        return await self._content(location.video_path, f"no media of {video_id} is stored")

    async def get_thumbnail(self, video_id: str) -> Content:
        location = await self._library.location(video_id)
        return await self._content(location.thumbnail_path, f"{video_id} has no thumbnail")

    async def get_captions(self, video_id: str, name: str) -> StoredContent:
        location = await self._library.location(video_id)
        found = None
        if location.video_path is not None:
            folder = PurePosixPath(self._layout.key_of(location.video_path)).parent
            files = await self._library.files_beside(video_id, str(folder))
            found = next(
                (
                    self._layout.shown(str(folder / each.name))
                    for each in files
                    if each.role is Role.CAPTIONS
                    and name in {PurePosixPath(each.name).name, each.language}
                ),
                None,
            )
        return await self._content(found, f"{video_id} has no captions {name}")

    async def get_cleaned_captions(self, video_id: str, name: str) -> Content:
        original = await self.get_captions(video_id, name)
        read = await self._store.read(original.key, LARGEST_FILE)
        return await asyncio.to_thread(CleanedCaptions.of, original, read)

    async def _content(self, path: str | None, otherwise: str) -> StoredContent:
        if path is None:
            raise NotFound(otherwise)
        key = self._layout.key_of(path)
        await self._store.place(key)
        return await StoredContent.of(self._store, key)
