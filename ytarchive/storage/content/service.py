"""Implements the contract of the file contents of stored videos."""

from pathlib import PurePosixPath

from ytarchive.common.archived_files import Role
from ytarchive.common.content import Content
from ytarchive.common.errors import NotFound
from ytarchive.common.presence import ArchiveWatch
from ytarchive.storage.content.api import ContentAPI
from ytarchive.storage.content.stored import StoredContent
from ytarchive.storage.library.repository import Library
from ytarchive.storage.store.layout import Layout, caption_language
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.store.watching import WatchedOperations


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

    async def get_captions(self, video_id: str, name: str) -> Content:
        location = await self._library.location(video_id)
        found = None
        if location.video_path is not None:
            folder = PurePosixPath(self._layout.key_of(location.video_path)).parent
            files = await self._library.files_beside(video_id, str(folder))
            names = [PurePosixPath(file.name) for file in files if file.role is Role.CAPTIONS]
            found = next(
                (
                    self._layout.shown(str(folder / each))
                    for each in names
                    if name in {each.name, caption_language(each.name)}
                ),
                None,
            )
        return await self._content(found, f"{video_id} has no captions {name}")

    async def _content(self, path: str | None, otherwise: str) -> Content:
        if path is None:
            raise NotFound(otherwise)
        key = self._layout.key_of(path)
        await self._store.place(key)
        return await StoredContent.of(self._store, key)
