"""What media-server views show: videos with their places and metadata, and channels."""

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ytarchive.common.archived_files import Role
from ytarchive.common.database import Row
from ytarchive.common.errors import LocalError, NotFound
from ytarchive.common.json_text import stored_json
from ytarchive.common.media import ChannelMetadata, VideoMetadata
from ytarchive.common.models import from_micros
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
        """Return the channels that have stored videos, with their seasons."""
        shown = await super().channels(channel_ids)
        asked = {"channel_ids": json.dumps(list(shown)), "unknown": UNKNOWN_CHANNEL}
        seasons: defaultdict[str, list[Row]] = defaultdict(list)
        for row in await self.database.fetch_all("seasons_of_channels", asked):
            seasons[row["channel_id"]].append(row)
        return await asyncio.to_thread(
            lambda: {key: self._described(each, seasons[key]) for key, each in shown.items()}
        )

    def _described(self, shown: ViewChannel, seasons: Sequence[Row]) -> ViewChannel:
        """Return a channel with its metadata, pictures and seasons. Blocks."""
        episodes = [row for row in seasons if not row["is_music"]]
        oldest = min((row["oldest"] for row in episodes if row["oldest"] is not None), default=None)
        return replace(
            shown,
            premiered=None if oldest is None else from_micros(oldest).date(),
            metadata=self._metadata(shown),
            folder=seasons[0]["episode_path"].partition("/")[0] if seasons else "",
            pictures=self._pictures(shown.channel_id),
            seasons=tuple(row["season"] for row in episodes),
            albums=tuple(row["season"] for row in seasons if row["is_music"]),
        )

    async def _complete(self, videos: list[ViewVideo]) -> list[ViewVideo]:
        places = await self._places.of(videos, dry_run=self._dry_run)
        described = await asyncio.to_thread(
            lambda: [_with_metadata(each, self._layout) for each in videos]
        )
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


def _with_metadata(video: ViewVideo, layout: Layout) -> ViewVideo:
    """Return a video with its metadata, if they can be read."""
    if not video.files:
        return video
    try:
        content = files.read(layout.metadata_file(video.video_id))
        return replace(video, metadata=VideoMetadata.model_validate(stored_json(content)))
    except (LocalError, NotFound, ValueError):
        return video
