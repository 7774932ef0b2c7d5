"""What media-server views show: videos with their places and metadata, and channels."""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ytarchive.common.archived_files import Role
from ytarchive.common.errors import LocalError, NotFound
from ytarchive.common.json_text import stored_json
from ytarchive.common.media import ChannelMetadata, VideoMetadata
from ytarchive.storage.channels.service import PICTURES, stored_channel
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import Layout
from ytarchive.storage.views.entries import ViewChannel, ViewFile, ViewVideo
from ytarchive.storage.views.media_server import UNKNOWN_CHANNEL
from ytarchive.storage.views.places import Places
from ytarchive.storage.views.repository import ShownLibrary


class MediaServerLibrary(ShownLibrary):
    """Adds what media-server views need. `dry_run`: no place is assigned."""

    def __init__(self, places: Places, *, dry_run: bool) -> None:
        super().__init__(places.database, places.layout)
        self._places = places
        self._dry_run = dry_run

    async def changed(self, after: int) -> tuple[list[ViewVideo], int]:
        """Return the next changed videos, and the last of their revisions; 0 at the end."""
        videos, last = await super().changed(after)
        return await self._complete(videos), last

    async def videos(self, video_ids: Sequence[str]) -> list[ViewVideo]:
        """Return the stored ones of some videos."""
        return await self._complete(await super().videos(video_ids))

    async def channels(self, channel_ids: Iterable[str]) -> dict[str, ViewChannel]:
        """Return the channels that have stored videos.

        Their titles are the names of their folders, which stay.
        """
        shown = await super().channels(filter(None, channel_ids))
        named = [await self._with_seasons(channel) for channel in shown.values()]
        return {
            each.channel_id: each for each in await asyncio.to_thread(self._described, named, shown)
        }

    def _described(
        self, named: list[ViewChannel], shown: dict[str, ViewChannel]
    ) -> list[ViewChannel]:
        """Return channels with their metadata and pictures. Blocks."""
        return [
            replace(
                each,
                metadata=self._metadata(shown[each.channel_id]),
                pictures=self._pictures(each.channel_id),
            )
            for each in named
        ]

    async def _with_seasons(self, shown: ViewChannel) -> ViewChannel:
        asked = {"channel_id": shown.channel_id, "unknown": UNKNOWN_CHANNEL}
        rows = await self.database.fetch_all("seasons_of_channel", asked)
        return replace(
            shown,
            title=rows[0]["episode_path"].partition("/")[0] if rows else shown.title,
            seasons=tuple(row["season"] for row in rows if not row["is_music"]),
            albums=tuple(row["season"] for row in rows if row["is_music"]),
        )

    async def _complete(self, videos: list[ViewVideo]) -> list[ViewVideo]:
        places = await self._places.of(videos, dry_run=self._dry_run)
        described = await asyncio.to_thread(lambda: [_described(e, self._layout) for e in videos])
        return [replace(each, place=places.get(each.video_id)) for each in described]

    def _metadata(self, shown: ViewChannel) -> ChannelMetadata:
        """Return the metadata of a channel, with the title in its newest video's metadata."""
        try:
            stored: ChannelMetadata = stored_channel(self._layout, shown.channel_id)
        except (LocalError, NotFound):
            stored = ChannelMetadata(
                channel_id=shown.channel_id,
                uploads_playlist_id="",
                fetched_at=datetime.fromtimestamp(0, UTC),
            )
        return stored.model_copy(update={"title": shown.title or stored.title})

    def _pictures(self, channel_id: str) -> dict[str, ViewFile]:
        folder = self._layout.channel_folder(channel_id)
        found = {name: self._picture(folder / f"{name}.jpg") for name in PICTURES}
        return {name: picture for name, picture in found.items() if picture is not None}

    def _picture(self, path: Path) -> ViewFile | None:
        try:
            digest = hashlib.sha256(files.read(path)).hexdigest()
        except (LocalError, NotFound):
            return None
        key = self._layout.relative(path)
        return ViewFile(key=key, role=Role.THUMBNAIL, format="jpg", digest=digest)


def _described(video: ViewVideo, layout: Layout) -> ViewVideo:
    """Return a video with its metadata, if they can be read."""
    if not video.files:
        return video
    try:
        content = files.read(layout.metadata_file(video.video_id))
        return replace(video, metadata=VideoMetadata.model_validate(stored_json(content)))
    except (LocalError, NotFound, ValueError):
        return video
