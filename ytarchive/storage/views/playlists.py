"""The view of playlists: their videos in their order."""

import asyncio

from loguru import logger

from ytarchive.common.errors import LocalError
from ytarchive.common.json_text import stored_json
from ytarchive.common.media import PlaylistMetadata
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.views.entries import Entry, Folder, ViewVideo
from ytarchive.storage.views.policies import playlist_entries
from ytarchive.storage.views.synchronisation import Synchronisation, in_parts

log = logger.bind(service="storage")

PLAYLIST = "playlist "
"""Begins the owner of a playlist's files; the playlist's id follows."""
_OF_CHANNELS = ("UU",)
"""The uploads of channels, which the view `library` shows."""


class PlaylistSynchronisation(Synchronisation):
    """Updates the view of all playlists."""

    def use(self, layout: Layout) -> "PlaylistSynchronisation":
        """Read the playlists of an archive."""
        self._layout = layout
        return self

    async def show_lists(self) -> None:
        """Show all playlists as they are now."""
        lists = await self._parts.library.playlists()
        for playlist_id, title in lists:
            if not playlist_id.startswith(_OF_CHANNELS):
                await self._show_list(playlist_id, title)

    async def _show_owners(self, owners: set[str]) -> None:
        await self.show_lists()

    async def _show_list(self, playlist_id: str, title: str) -> None:
        name, _ = self._names.name(Folder(playlist_id, title or playlist_id))
        await self.apply({f"{PLAYLIST}{playlist_id}": await self._entries(playlist_id, name)})

    async def _entries(self, playlist_id: str, name: str) -> list[Entry]:
        """Return the entries of a playlist; none if its file cannot be read."""
        try:
            path = self._layout.playlist_file(playlist_id)
            content = await asyncio.to_thread(files.read, path)
            playlist = PlaylistMetadata.model_validate(stored_json(content))
        except (LocalError, ValueError) as error:
            log.warning("playlist {} is not in the view: {}", playlist_id, error)
            return []
        stored: dict[str, ViewVideo] = {}
        for some in in_parts([each.video_id for each in playlist.videos]):
            stored |= {each.video_id: each for each in await self._parts.library.videos(some)}
        shown = [
            (each.position, stored[each.video_id])
            for each in playlist.videos
            if each.video_id in stored
        ]
        return playlist_entries(shown, len(playlist.videos), name)
