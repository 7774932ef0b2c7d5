"""Converts rows of metadata.db to models and back."""

import asyncio
import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import TypeAdapter

from ytarchive.common.channel_lists import is_channel_name
from ytarchive.common.config import MetadataConfig
from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.errors import Unavailable, YTArchiveError, error_from
from ytarchive.common.media import ChannelMetadata, VideoMetadata
from ytarchive.common.models import ErrorDetail, to_micros
from ytarchive.common.rows import all_readable, readable
from ytarchive.common.schema import Schema

T = TypeVar("T")
_LANGUAGES = TypeAdapter(list[str])
Outcome = VideoMetadata | YTArchiveError
"""The outcome of a request for a video."""

SCHEMA = Schema(package="ytarchive.metadata", durable=False, file="metadata.db")

_ROWS_AT_A_TIME = 100
_COMMON = (
    b"https://www.youtube.com/ https://www.instagram.com/ https://twitter.com/ http://"
    b'{"video_id":"","title":"","description":"","duration":1,"upload_date":"2026-01-01T00:00:00Z",'
    b'"channel_id":"UC","channel_title":"","thumbnail_urls":{'
    b'"default":"https://i.ytimg.com/vi/default.jpg","medium":"https://i.ytimg.com/vi/mqdefault.jpg",'
    b'"high":"https://i.ytimg.com/vi/hqdefault.jpg","standard":"https://i.ytimg.com/vi/sddefault.jpg",'
    b'"maxres":"https://i.ytimg.com/vi/maxresdefault.jpg"},"available_captions":[],'
    b'"view_count":1,"like_count":1,"fetched_at":"2026-01-01T00:00:00.000000Z"}'
)
"""A dictionary for zlib. A change needs a higher version of the schema."""


async def read_rows(rows: Sequence[Row], read: Callable[[Row], T]) -> list[T]:
    """Return every row that can be read, in slices that leave the event loop free in between."""
    found: list[T] = []
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        found += all_readable(rows[start : start + _ROWS_AT_A_TIME], read, _name)
        await asyncio.sleep(0)
    return found


class MetadataCache:
    """Requested videos and channels, each with the time of its answer."""

    def __init__(
        self, database: Database, config: MetadataConfig, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._lifetime = timedelta(seconds=config.video_lifetime)
        self._listing_lifetime = timedelta(seconds=config.playlist_lifetime)
        self.now = now

    async def known(self, video_ids: Iterable[str]) -> dict[str, Outcome]:
        """Return fresh metadata, and refusals of the last five minutes, by one query."""
        now = self.now()
        parameters = {
            "ids": json.dumps(list(video_ids)),
            "oldest": to_micros(now - self._lifetime),
            "oldest_refusal": to_micros(now - timedelta(minutes=5)),
            "now": to_micros(now),
        }
        rows = await self._database.fetch_all("known_videos", parameters)
        return dict(await read_rows(rows, _known))

    async def save(
        self,
        videos: Sequence[VideoMetadata],
        refusals: dict[str, Unavailable] | None = None,
        *,
        captions_seen: bool,
    ) -> dict[str, Outcome]:
        """Store answers. Known caption languages are kept if the source does not return any."""
        now = to_micros(self.now())
        refused = refusals or {}
        refusal_rows = [
            {"video_id": video_id, "refusal": error.detail().model_dump_json(), "now": now}
            for video_id, error in refused.items()
        ]

        def write(writer: Writer) -> list[VideoMetadata]:
            kept = videos if captions_seen else _with_known_captions(writer, videos)
            writer.execute_many("save_video", [_video_row(video, now) for video in kept])
            writer.execute_many("save_refusal", refusal_rows)
            return list(kept)

        stored = await self._database.write(write)
        return {video.video_id: video for video in stored} | dict[str, Outcome](refused)

    async def known_channel(self, name: str, *, stale: bool = False) -> ChannelMetadata | None:
        """Return a channel by its id or any of its names, fresh or, with `stale`, of any age."""
        now = self.now()
        parameters = {
            "name": _channel_key(name),
            "oldest": 0 if stale else to_micros(now - self._lifetime),
            "now": to_micros(now),
        }
        row = await self._database.fetch_one("known_channel", parameters)
        return readable(row, _channel, f"channel {name}") if row else None

    async def save_channel(self, asked: str, channel: ChannelMetadata) -> None:
        """Store a channel under its id and under the name in the request."""
        metadata = channel.model_dump_json()
        names = {channel.channel_id, _channel_key(asked)}
        rows = [{"name": n, "metadata": metadata, "now": to_micros(self.now())} for n in names]
        await self._database.write(lambda writer: writer.execute_many("save_channel", rows))

    async def purge(self) -> None:
        """Remove old rows in bounded transactions, and return the space to the file system."""
        now = self.now()
        oldest = to_micros(now - max(timedelta(days=30), self._lifetime))
        listing = to_micros(now - max(timedelta(days=1), self._listing_lifetime))

        def write(writer: Writer) -> None:
            bounds = {"oldest": oldest, "most": 2000}
            writer.execute("purge_videos", bounds)
            writer.execute("purge_channels", bounds)
            writer.execute("purge_listings", {"oldest": listing, "most": 20})
            for _ in range(1000):
                writer.execute("release_page")

        await self._database.write(write)


def _name(row: Row) -> str:
    return f"video {row['video_id']}"


def _channel(row: Row) -> ChannelMetadata:
    return ChannelMetadata.model_validate_json(row["metadata"])


def _captions(row: Row) -> tuple[str, list[str]]:
    return row["video_id"], _LANGUAGES.validate_json(row["captions"])


def _known(row: Row) -> tuple[str, Outcome]:
    if row["refusal"] is not None:
        return row["video_id"], error_from(ErrorDetail.model_validate_json(row["refusal"]))
    content = zlib.decompressobj(zdict=_COMMON).decompress(row["metadata"])
    return row["video_id"], VideoMetadata.model_validate_json(content)


def _with_known_captions(writer: Writer, videos: Sequence[VideoMetadata]) -> list[VideoMetadata]:
    ids = json.dumps([video.video_id for video in videos])
    rows = writer.fetch_all("known_captions", {"ids": ids})
    known = dict(all_readable(rows, _captions, _name))
    return [
        video.model_copy(update={"available_captions": known[video.video_id]})
        if video.video_id in known
        else video
        for video in videos
    ]


def _video_row(video: VideoMetadata, now: int) -> dict[str, object]:
    languages = video.available_captions
    captions = None if languages is None else json.dumps(languages)
    packer = zlib.compressobj(zdict=_COMMON)
    metadata = packer.compress(video.model_dump_json().encode()) + packer.flush()
    return {
        "video_id": video.video_id,
        "metadata": metadata,
        "captions": captions,
        "now": now,
    }


def _channel_key(name: str) -> str:
    return name.casefold() if is_channel_name(name) else name
