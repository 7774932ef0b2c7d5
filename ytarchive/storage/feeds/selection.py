"""The videos of podcast feeds, from the library."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import NamedTuple

from ytarchive.common.database import Database, Row
from ytarchive.common.errors import FileFailure
from ytarchive.common.models import from_micros
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.rows import all_readable, fields_of
from ytarchive.storage.feeds.models import FeedKind
from ytarchive.storage.library.playlists import entries_of
from ytarchive.storage.library.rows import stored_profile
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import Layout, is_sound_alone

_SOUND = ("quality", "audio_format", "audio_language")
"""The fields by which a stored video belongs to a profile for sound."""
_REMEMBERED = 16
"""Playlists whose entries are kept in memory."""


@dataclass(frozen=True)
class FeedVideo:
    """A stored video, as podcast feeds list it."""

    video_id: str
    title: str
    channel_id: str
    channel_title: str
    profile: int | None
    duration: int | None
    published: datetime
    media_path: str
    media_bytes: int
    thumbnail: str | None

    @property
    def media_name(self) -> str:
        """Return the name of the media in addresses."""
        return f"{self.video_id}{PurePosixPath(self.media_path).suffix}"

    @property
    def thumbnail_name(self) -> str | None:
        """Return the name of the thumbnail in addresses; None without one."""
        return self.thumbnail and f"{self.video_id}{PurePosixPath(self.thumbnail).suffix}"


class Listed(NamedTuple):
    """A stored playlist."""

    title: str
    channel_title: str


class FeedLibrary:
    """Reads which videos a feed has. Only the newest videos of a channel are read."""

    def __init__(self, database: Database, layout: Layout) -> None:
        self._database = database
        self._layout = layout
        self._lists: dict[str, tuple[object, list[str]]] = {}

    async def of_channel(self, channel_id: str, limit: int) -> list[FeedVideo]:
        """Return the newest videos of a channel."""
        return await self._newest("feed_of_channel", channel_id, limit)

    async def of_profile(self, profile: ArchiveProfile, limit: int) -> list[FeedVideo]:
        """Return the newest videos whose sound was requested as by a profile."""
        found: list[FeedVideo] = []
        for number in await self.numbers_of(profile):
            found += await self._newest("feed_of_profile", number, limit)
        sound = [each for each in found if is_sound_alone(each.media_path)]
        return sorted(sound, key=lambda each: each.published, reverse=True)[:limit]

    async def of_playlist(self, playlist_id: str, limit: int) -> list[FeedVideo]:
        """Return the newest stored videos of a playlist. Raises NotFound or FileFailure."""
        return await self._newest("feed_of_list", json.dumps(await self.listed(playlist_id)), limit)

    async def video(self, video_id: str) -> FeedVideo | None:
        """Return a stored video."""
        rows = await self._database.fetch_all("feed_video", {"video_id": video_id})
        return next(iter(_all(rows)), None)

    async def has(
        self, kind: FeedKind, source: str, profile: ArchiveProfile | None, video: FeedVideo
    ) -> bool:
        """Return whether a video belongs to a feed, also if it is not among the newest."""
        if kind is FeedKind.CHANNEL:
            return video.channel_id == source
        if kind is FeedKind.PLAYLIST:
            return video.video_id in await self.listed(source)
        is_sound = is_sound_alone(video.media_path)
        return is_sound and profile is not None and video.profile in await self.numbers_of(profile)

    async def numbers_of(self, profile: ArchiveProfile) -> list[int]:
        """Return the numbers of the recorded profiles with the same sound."""
        rows = await self._database.fetch_all("profiles_for_sound")
        recorded = [(row["number"], stored_profile(row["profile"])) for row in rows]
        wanted = [getattr(profile, name) for name in _SOUND]
        return [
            number
            for number, each in recorded
            if [getattr(each, name) for name in _SOUND] == wanted
        ]

    async def playlist(self, playlist_id: str) -> Listed | None:
        """Return the heading of a stored playlist."""
        row = await self._database.fetch_one("get_playlist", {"playlist_id": playlist_id})
        return Listed(row["title"], row["channel_title"]) if row else None

    async def listed(self, playlist_id: str) -> Sequence[str]:
        """Return the ids in a stored playlist. Raises NotFound or FileFailure."""
        return await asyncio.to_thread(self._listed, playlist_id)

    def _listed(self, playlist_id: str) -> Sequence[str]:
        path = self._layout.playlist_file(playlist_id)
        with files.failures(path):
            state = path.stat()
            version = (state.st_mtime_ns, state.st_size, state.st_ino)
            known = self._lists.get(playlist_id)
            if known is not None and known[0] == version:
                return known[1]
            try:
                ids = [str(entry["video_id"]) for entry in entries_of(path)]
            except (ValueError, LookupError, TypeError):
                raise FileFailure(f"{path} has no playlist that can be read") from None
        self._lists.pop(playlist_id, None)
        self._lists[playlist_id] = (version, ids)
        if len(self._lists) > _REMEMBERED:
            self._lists.pop(next(iter(self._lists)), None)
        return ids

    async def _newest(self, query: str, source: str | int, limit: int) -> list[FeedVideo]:
        return _all(await self._database.fetch_all(query, {"source": source, "limit": limit}))


def _all(rows: list[Row]) -> list[FeedVideo]:
    return all_readable(rows, _video, lambda row: f"video {row['video_id']}")


def _video(row: Row) -> FeedVideo:
    folder = PurePosixPath(row["media_path"]).parent
    pictures = [
        each for each in json.loads(row["thumbnails"]) if PurePosixPath(each).parent == folder
    ]
    known = {
        "published": from_micros(row["published"]),
        "media_bytes": row["media_bytes"] or 0,
        "thumbnail": pictures[0] if pictures else None,
    }
    return FeedVideo(**fields_of(FeedVideo, row) | known)
