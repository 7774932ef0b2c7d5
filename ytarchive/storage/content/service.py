"""Implements the contract of the file contents of stored videos."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath, PurePosixPath
from typing import Self

from ytarchive.common.archived_files import Role
from ytarchive.common.content import BytesContent, Content, Parts
from ytarchive.common.errors import FileFailure, NotFound
from ytarchive.common.file_names import shown_name
from ytarchive.common.presence import ArchiveWatch
from ytarchive.media import LARGEST_FILE, cues_of, webvtt
from ytarchive.storage.content.api import ContentAPI, VideoFile
from ytarchive.storage.library.repository import Library
from ytarchive.storage.store.file_sets import StoredFile
from ytarchive.storage.store.layout import MEDIA_TYPES, Layout
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.store.watching import WatchedOperations

UNKNOWN = "application/octet-stream"
_OTHER_TYPES = {".json": "application/json", ".sha256": "text/plain; charset=utf-8"}
"""By suffix, of files whose role does not follow from the suffix."""

_UNSAFE = re.compile(
    r'[\x00-\x1f\x7f-\x9f"\\/:*?<>|\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]'
)


def media_type(path: PurePath) -> str:
    """Return the media type of a file by its suffix."""
    suffix = path.suffix.lower()
    return MEDIA_TYPES.get(suffix) or _OTHER_TYPES.get(suffix, UNKNOWN)


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


async def stored_content(store: MediaStore, key: str) -> StoredContent:
    """Return the content of a registered file.

    Raises NotFound, PathOutsideArchive, FileFailure or another LocalError.
    """
    await store.place(key)
    return await StoredContent.of(store, key)


def cleaned_captions(original: Content, read: bytes) -> BytesContent:
    """Return captions as WebVTT, each line once. `read`: the bytes of the stored file."""
    path = PurePosixPath(original.name)
    body = webvtt(cues_of(read, path.suffix[1:].lower()))
    return BytesContent(
        name=f"{path.stem}.vtt",
        media_type=media_type(PurePosixPath("captions.vtt")),
        size=len(body),
        modified=original.modified,
        etag=f"{original.etag}-cleaned",
        body=body,
    )


class ContentService(WatchedOperations, ContentAPI):
    """Serves the files of stored videos. Keys are read from the library, never from a request."""

    def __init__(
        self, library: Library, layout: Layout, store: MediaStore, watch: ArchiveWatch
    ) -> None:
        super().__init__(watch)
        self._store = store
        self._library = library
        self._layout = layout

    async def list_files(self, video_id: str) -> list[VideoFile]:
        return [_described(each) for each in await self._files(video_id)]

    async def get_file(self, video_id: str, name: str) -> Content:
        files = await self._files(video_id)
        named = [each for each in files if name in _names_of(PurePosixPath(each.name))]
        of_role = [each for each in files if each.role.value == name]
        message = f"{video_id} has no file {name}; `GET /storage/videos/{video_id}/files` lists all"
        return await self._first([*named, *of_role], message)

    async def get_media(self, video_id: str) -> Content:
        files = await self._files(video_id)
        media = [each for each in files if each.role is Role.MEDIA]
        return await self._first(media, f"no media of {video_id} is stored")

    async def get_thumbnail(self, video_id: str) -> Content:
        files = await self._files(video_id)
        thumbnails = [each for each in files if each.role is Role.THUMBNAIL]
        return await self._first(thumbnails, f"{video_id} has no thumbnail")

    async def get_captions(self, video_id: str, name: str) -> StoredContent:
        captions = [
            each
            for each in await self._files(video_id)
            if each.role is Role.CAPTIONS
            and name in {*_names_of(PurePosixPath(each.name)), each.language}
        ]
        return await self._first(captions, f"{video_id} has no captions {name}")

    async def get_cleaned_captions(self, video_id: str, name: str) -> Content:
        original = await self.get_captions(video_id, name)
        read = await self._store.read(original.key, LARGEST_FILE)
        return await asyncio.to_thread(cleaned_captions, original, read)

    async def _files(self, video_id: str) -> list[StoredFile]:
        """Return the files of a video by their keys: the media, those in its folder, others."""
        location = await self._library.location(video_id)
        media = self._layout.key_of(location.video_path) if location.video_path else ""
        folder = PurePosixPath(media).parent
        return sorted(
            await self._library.files_of(video_id),
            key=lambda each: (
                each.name != media,
                not media or not PurePosixPath(each.name).is_relative_to(folder),
            ),
        )

    async def _first(self, files: Sequence[StoredFile], otherwise: str) -> StoredContent:
        if not files:
            raise NotFound(otherwise)
        return await stored_content(self._store, files[0].name)


def _names_of(path: PurePosixPath) -> set[str]:
    return {path.name, safe_name(path)}


def _described(file: StoredFile) -> VideoFile:
    path = PurePosixPath(file.name)
    fields = file.model_dump(include=set(VideoFile.model_fields))
    return VideoFile(**fields | {"name": safe_name(path), "media_type": media_type(path)})
