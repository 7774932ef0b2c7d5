"""Implements the contract of the export."""

import asyncio

from ytarchive.common.channel_lists import channel_and_tab
from ytarchive.common.content import Content
from ytarchive.common.database import Database
from ytarchive.common.errors import FileFailure, InvalidRequest, NotFound
from ytarchive.common.json_text import stored_json
from ytarchive.common.media import PlaylistMetadata
from ytarchive.common.presence import ArchiveWatch
from ytarchive.storage.export.api import ExportAPI
from ytarchive.storage.export.bags import bag_of
from ytarchive.storage.export.listings import listing_of
from ytarchive.storage.export.models import ExportFormat, ExportQuery
from ytarchive.storage.export.selection import Selection
from ytarchive.storage.library.models import VideoFilter
from ytarchive.storage.search.service import ChannelNames
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.store.watching import WatchedOperations


class ExportService(WatchedOperations, ExportAPI):
    """Exports of the archive's videos."""

    def __init__(
        self,
        database: Database,
        layout: Layout,
        store: MediaStore,
        channels: ChannelNames,
        watch: ArchiveWatch,
    ) -> None:
        super().__init__(watch)
        self._database = database
        self._layout = layout
        self._store = store
        self._channels = channels

    async def export(self, request: ExportQuery) -> Content:
        wanted = await self._channels.resolved(VideoFilter(channel=request.channel))
        await self._require_known(wanted.channel)
        playlist = request.playlist
        video_ids = await asyncio.to_thread(self._listed, playlist) if playlist else None
        selection = Selection(self._database, wanted.channel, video_ids)
        if request.format is not ExportFormat.BAGIT:
            return await listing_of(selection, request.format)
        keys = [self._layout.relative(self._layout.playlist_file(playlist))] if playlist else []
        named = [("channel", request.channel), ("playlist", playlist)]
        described = ", ".join(f"{kind} {name}" for kind, name in named if name) or "all videos"
        return await bag_of(selection, self._layout, self._store, described, *keys)

    async def _require_known(self, channel: str | None) -> None:
        known = {"channel": channel}
        if channel is not None and not await self._database.fetch_all("has_channel", known):
            raise NotFound(
                f"the archive has no video of a channel with the id or title {channel!r}; "
                "`ytarchive storage list` shows the channels of the stored videos"
            )

    def _listed(self, playlist_id: str) -> list[str]:
        """Return the ids of a stored playlist, each once. Raises NotFound or FileFailure."""
        if channel_and_tab(playlist_id):
            message = f"{playlist_id} is a channel and no playlist: give it as channel"
            raise InvalidRequest(message, fields={"playlist": message})
        path = self._layout.playlist_file(playlist_id)
        try:
            listed = PlaylistMetadata.model_validate(stored_json(files.read(path)))
        except NotFound:
            message = f"the playlist {playlist_id} is not stored"
            raise NotFound(f"{message}; `ytarchive playlist {playlist_id}` archives it") from None
        except ValueError:
            raise FileFailure(f"{path} has no playlist that can be read") from None
        return list(dict.fromkeys(video.video_id for video in listed.videos))
