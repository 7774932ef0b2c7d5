"""The cache's size on disk, its removal of old rows, and the indexes of its queries."""

import json
import random
import re

import pytest

from tests.unit.metadata.conftest import Bench
from tests.unit.metadata.peers import NOON, video_id
from ytarchive.common.config import MetadataConfig
from ytarchive.common.database import Database
from ytarchive.common.errors import DeletedVideo
from ytarchive.common.media import VideoMetadata
from ytarchive.metadata.repository import MetadataCache

WORDS = [f"{word}{ending}" for word in ("film", "build", "garden", "talk", "radio") for ending in
         ("", "s", "er", "ing", "ed", "able", "less", "ful")]  # fmt: skip


def film(number: int, description: int = 1500) -> VideoMetadata:
    """Metadata as the Data API gives them; `description` is its length."""
    chance = random.Random(number)
    text = ""
    while len(text) < description:
        text += f"{chance.choice(WORDS)} {chance.getrandbits(20):x} "
    sizes = {"default": "", "medium": "mq", "high": "hq", "standard": "sd", "maxres": "maxres"}
    name = video_id(number)
    return VideoMetadata(
        video_id=name,
        title=f"A film about the number {number}",
        description=text,
        duration=number,
        upload_date=NOON,
        channel_id="UC" + "c" * 22,
        channel_title="A channel",
        thumbnail_urls={
            size: f"https://i.ytimg.com/vi/{name}/{file}default.jpg" for size, file in sizes.items()
        },
        available_captions=["en", "de"] if number % 2 else [],
        view_count=chance.getrandbits(20),
        like_count=chance.getrandbits(10),
        fetched_at=NOON,
    )


async def size(database: Database) -> int:
    """Bytes of the pages in use."""
    [pages] = await database.select("PRAGMA page_count")
    [free] = await database.select("PRAGMA freelist_count")
    return (int(pages[0]) - int(free[0])) * 4096


async def test_a_video_is_stored_compressed_and_read_unchanged(bench: Bench) -> None:
    films = [film(n) for n in range(2000)]
    async with bench.database() as database:
        cache = MetadataCache(database, MetadataConfig(), bench.clock)
        before = await size(database)
        await cache.save(films, captions_seen=True)
        each = (await size(database) - before) / len(films)
        known = await cache.known([each.video_id for each in films])
    plain = sum(len(each.model_dump_json()) for each in films) / len(films)
    assert [known[each.video_id] for each in films] == films
    assert plain > 2100
    assert each < 1800


async def test_a_refusal_and_a_refresh_keep_the_captions_that_were_seen(bench: Bench) -> None:
    async with bench.database() as database:
        cache = MetadataCache(database, MetadataConfig(), bench.clock)
        await cache.save([film(1)], captions_seen=True)
        await cache.save([], {video_id(1): DeletedVideo()}, captions_seen=False)
        fresh = film(1).model_copy(update={"available_captions": []})
        saved = await cache.save([fresh], captions_seen=False)
    assert saved == {video_id(1): film(1)}


async def test_old_rows_are_removed_and_their_space_is_released(bench: Bench) -> None:
    async with bench.database() as database:
        cache = MetadataCache(database, MetadataConfig(), bench.clock)
        empty = (await database.select("PRAGMA page_count"))[0][0]
        await cache.save([film(n) for n in range(2000)], captions_seen=True)
        full = (await database.select("PRAGMA page_count"))[0][0]
        bench.clock.advance(days=31)
        for _ in range(2):
            await cache.purge()
        left = (await database.select("PRAGMA page_count"))[0][0]
        assert (
            await database.fetch_one("known_captions", {"ids": json.dumps([video_id(1)])}) is None
        )
    assert full > 10 * left
    assert left < empty + 20


async def plan(database: Database, name: str) -> str:
    """How SQLite answers a named query."""
    sql = database.query(name)
    values = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
    rows = await database.select(f"EXPLAIN QUERY PLAN {sql}", values)
    return "; ".join(row["detail"] for row in rows)


@pytest.mark.parametrize(
    "name",
    ["known_videos", "known_captions", "purge_videos", "fresh_listing", "latest_listing",
     "entries", "listed_videos", "drop_older_listings", "purge_listings", "known_channel"],
)  # fmt: skip
async def test_no_query_scans_a_table(bench: Bench, name: str) -> None:
    async with bench.database() as database:
        steps = await plan(database, name)
    assert not re.search(r"SCAN (videos|v|listings|listing_entries|channels)\b", steps), steps
    assert "SEARCH" in steps
