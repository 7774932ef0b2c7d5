"""A damaged row of the cache or of the log's index counts as missing."""

from pathlib import Path

import pytest

from tests.damage import columns, damaged_copies
from ytarchive.common.config import MetadataConfig
from ytarchive.common.database import Database
from ytarchive.common.errors import Unavailable
from ytarchive.common.media import ChannelMetadata, PlaylistVideo, VideoMetadata
from ytarchive.common.models import utc_now
from ytarchive.logging.api import LogEntry, LogLevel, LogQuery
from ytarchive.logging.repository import SCHEMA as LOG
from ytarchive.logging.repository import LogRepository
from ytarchive.metadata.listings import ListedBatch, ListingRepository
from ytarchive.metadata.repository import SCHEMA, MetadataCache
from ytarchive.ytdlp import ListedEntries

IDS = ["video-00001", "video-00002"]
LIST = "PL0123456789abcdef"


def video(video_id: str) -> VideoMetadata:
    return VideoMetadata(
        video_id=video_id, title="t", upload_date=utc_now(), fetched_at=utc_now(),
        available_captions=["en"],
    )  # fmt: skip


async def fill(path: Path) -> None:
    async with await Database.open(path, SCHEMA) as database:
        cache = MetadataCache(database, MetadataConfig(), utc_now)
        refused = {"video-00003": Unavailable("private", reason="private")}
        await cache.save(list(map(video, IDS)), refused, captions_seen=True)
        channel = ChannelMetadata(
            channel_id="UC" + "a" * 22, uploads_playlist_id="UU" + "a" * 22, fetched_at=utc_now()
        )
        await cache.save_channel("@name", channel)
        entries = [PlaylistVideo(video_id=each, position=at) for at, each in enumerate(IDS)]
        about = ListedEntries(playlist_id=LIST, videos=entries)
        await ListingRepository(database).start(
            about, ListedBatch(entries, "token", complete=False), utc_now(), described=True
        )


@pytest.mark.parametrize("table", sorted({table for table, _ in columns(SCHEMA)}))
async def test_no_damaged_value_of_the_cache_stops_a_request(tmp_path: Path, table: str) -> None:
    path = tmp_path / "metadata.db"
    await fill(path)
    for _ in damaged_copies(path, SCHEMA, table):
        async with await Database.open(path, SCHEMA) as database:
            cache = MetadataCache(database, MetadataConfig(), utc_now)
            assert len(await cache.known([*IDS, "video-00003"])) >= 2
            await cache.known_channel("@name")
            await cache.save(list(map(video, IDS)), captions_seen=False)
            listings = ListingRepository(database)
            listing = await listings.latest(LIST)
            if listing is not None:
                await listings.entries(listing)
                await listings.listed_videos(listing)
            await cache.purge()


@pytest.mark.parametrize("table", sorted({table for table, _ in columns(LOG)}))
async def test_no_damaged_value_of_the_log_stops_a_listing(tmp_path: Path, table: str) -> None:
    path = tmp_path / "logs.db"
    entries = [
        LogEntry(timestamp=utc_now(), service="jobs", level=LogLevel.ERROR, message=f"m {number}ü",
                 context={"a": 1}, trace_id="0123456789abcdef")
        for number in range(3)
    ]  # fmt: skip
    async with await Database.open(path, LOG) as database:
        await LogRepository(database).insert(entries)
    for damaged in damaged_copies(path, LOG, table):
        async with await Database.open(path, LOG) as database:
            log = LogRepository(database)
            found = (await log.find(LogQuery())).items
            assert len(found) >= 2, damaged
            for query in (LogQuery(service="jobs"), LogQuery(level=LogLevel.ERROR)):
                await log.find(query)
            await log.find(LogQuery(text="m"))
            await log.find(LogQuery(trace_id="0123456789abcdef"))
