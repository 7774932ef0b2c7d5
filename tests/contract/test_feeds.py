"""Podcast feeds, in process and over HTTP."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

import aiohttp
import pytest
from pydantic import SecretStr, ValidationError
from yarl import URL

from tests.contract.conftest import Reach
from tests.contract.feed_rules import parsed
from tests.unit.http.serving import serving
from tests.unit.storage.samples import MEDIA, OTHER, VIDEO, metadata, save_request, stage
from ytarchive.common.config import ServerConfig, StorageConfig
from ytarchive.common.content import Content
from ytarchive.common.errors import InvalidIdentifier, InvalidRequest, NotFound
from ytarchive.common.media import ChannelMetadata, PlaylistMetadata, PlaylistVideo
from ytarchive.common.models import utc_now
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.quality import Quality
from ytarchive.maintenance.backups import DECLARED
from ytarchive.storage import (
    AddPodcastFeed,
    ChannelsAPI,
    ContentAPI,
    FeedsAPI,
    FeedSettings,
    PodcastFeedAddress,
    PodcastFeedQuery,
    RotatePodcastFeed,
    SaveChannel,
    SaveMetadata,
    SavePlaylist,
    StorageAPI,
)
from ytarchive.storage.service import StorageService

CHANNEL, ELSEWHERE = "UCuAXFkgsw1L7xaCfnd5JJOw", "UC" + "e" * 22
LIST = "PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf"
NEWEST, SOUND, FOREIGN = "newest_____", "sound______", "foreign____"
UPLOADED = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOSTILE = '</title><script>alert("1")</script>\x00\x08\ufffe & ]]> \u202e日本 "é"'
BASE = "http://nas.example:8000"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive, which each test copies: storing takes longer."""
    config = StorageConfig(base_path=tmp_path_factory.mktemp("filled") / "archive")
    asyncio.run(fill(config))
    return config.base_path


@pytest.fixture
def config(tmp_path: Path, filled: Path) -> StorageConfig:
    shutil.copytree(filled, tmp_path / "archive", symlinks=True)
    return StorageConfig(base_path=tmp_path / "archive")


async def store(
    service: StorageService, config: StorageConfig, video_id: str, days: int, **changes: Any
) -> None:
    """Store a video that was uploaded `days` after another time."""
    described = {"title": f"Title of {video_id}", "channel_id": CHANNEL, **changes}
    found = metadata(video_id).model_copy(
        update={"upload_date": UPLOADED + timedelta(days=days), **described}
    )
    folder = stage(config, video_id)
    request = save_request(folder, video_id)
    if video_id == SOUND:
        (folder / f"{video_id}.mp4").rename(folder / f"{video_id}.m4a")
        profile = ArchiveProfile(quality=Quality.AUDIO)
        request = request.model_copy(update={"quality": "audio", "profile": profile})
    await service.save_metadata(SaveMetadata(metadata=found))
    await service.save_video(request)


@pytest.fixture
async def storage(config: StorageConfig) -> AsyncIterator[StorageService]:
    service = await StorageService.open(config)
    service.feeds.settings = FeedSettings(base_url=BASE)
    yield service
    await service.close()


async def fill(config: StorageConfig) -> None:
    """Store four videos of a channel, one of another, and a list with one that is not stored."""
    service = await StorageService.open(config)
    try:
        await store_all(service, config)
    finally:
        await service.close()


async def store_all(service: StorageService, config: StorageConfig) -> None:
    await store(service, config, OTHER, 1)
    await store(service, config, NEWEST, 4, title=HOSTILE, description=f"{HOSTILE}\nline 2")
    await store(service, config, VIDEO, 2)
    await store(service, config, SOUND, 3)
    await store(service, config, FOREIGN, 9, channel_id=ELSEWHERE)
    ids = [VIDEO, "notstored__", FOREIGN, OTHER]
    listed = PlaylistMetadata(
        playlist_id=LIST,
        title="A list",
        channel_title="Its owner",
        video_count=len(ids),
        videos=[PlaylistVideo(video_id=each, position=n) for n, each in enumerate(ids)],
        fetched_at=utc_now(),
    )
    await service.save_playlist(SavePlaylist(playlist=listed))


@pytest.fixture
async def feeds(reach: Reach[Any], storage: StorageService) -> FeedsAPI:
    return cast("FeedsAPI", await reach(FeedsAPI, storage.feeds))


class Parts(NamedTuple):
    """What the address of a feed consists of."""

    feed_id: str
    key: str
    folder: str


def parts(added: PodcastFeedAddress) -> Parts:
    folder, _, document = added.address.rpartition("/")
    assert document == "feed.xml"
    *_, feed_id, key = folder.split("/")
    assert (feed_id, len(key)) == (added.feed.id, 32)
    assert folder == f"{added.feed.base_url or BASE}/api/v1/feeds/{feed_id}/{key}"
    return Parts(feed_id, key, folder)


async def read(content: Content) -> bytes:
    async with await content.open() as opened:
        return b"".join([part async for part in opened])


async def shown(feeds: FeedsAPI, added: PodcastFeedAddress) -> dict[str, Any]:
    """The feed as a podcast client reads it."""
    feed_id, key, _ = parts(added)
    document = await feeds.get_feed_file(feed_id, key, "feed.xml")
    assert document.media_type == "application/rss+xml; charset=utf-8"
    return parsed(await read(document), added.address)


def ids(feed: dict[str, Any]) -> list[str]:
    return [each["guid"] for each in feed["episodes"]]


async def test_feed_of_a_channel_lists_its_videos_newest_first(
    feeds: FeedsAPI, storage: StorageService
) -> None:
    about = ChannelMetadata(
        channel_id=CHANNEL,
        title="A channel & more",
        description="About it",
        uploads_playlist_id="UU" + CHANNEL[2:],
        fetched_at=utc_now(),
    )
    channels = cast("ChannelsAPI", storage.subjects()[ChannelsAPI])
    await channels.save_channel(SaveChannel(channel=about))
    added = await feeds.add_feed(AddPodcastFeed(source=CHANNEL))
    feed, folder = await shown(feeds, added), parts(added).folder
    assert (feed["title"], feed["description"]) == ("A channel & more", "About it")
    assert feed["link"] == f"https://www.youtube.com/channel/{CHANNEL}"
    assert ids(feed) == [NEWEST, SOUND, VIDEO, OTHER]
    episode = feed["episodes"][2]
    assert episode["title"] == f"Title of {VIDEO}"
    assert episode["description"] == "Described\nat length"
    assert episode["published"] == int((UPLOADED + timedelta(days=2)).timestamp())
    assert (episode["total_time"], episode["explicit"]) == (213, False)
    assert episode["episode_art_url"] == f"{folder}/{VIDEO}.jpg"
    media = {"url": f"{folder}/{VIDEO}.mp4", "file_size": len(MEDIA), "mime_type": "video/mp4"}
    assert episode["enclosures"] == [media]
    assert feed["episodes"][1]["enclosures"][0]["mime_type"] == "audio/mp4"


async def test_media_and_pictures_of_a_feed_are_those_of_the_archive(
    feeds: FeedsAPI, storage: StorageService
) -> None:
    feed_id, key, _ = parts(await feeds.add_feed(AddPodcastFeed(source=CHANNEL)))
    media = await feeds.get_feed_file(feed_id, key, f"{VIDEO}.mp4")
    content = cast("ContentAPI", storage.subjects()[ContentAPI])
    assert media.etag == (await content.get_media(VIDEO)).etag
    assert (await read(media), media.media_type) == (MEDIA, "video/mp4")
    assert media.name == f"Title of {VIDEO} [{VIDEO}].mp4"
    picture = await feeds.get_feed_file(feed_id, key, f"{VIDEO}.jpg")
    assert (await read(picture), picture.media_type) == (b"\xff\xd8\xff\xe0", "image/jpeg")


async def test_cover_of_a_channel_is_its_stored_avatar(
    feeds: FeedsAPI, storage: StorageService, config: StorageConfig
) -> None:
    folder = config.base_path / "metadata" / "channels" / CHANNEL
    about = ChannelMetadata(
        channel_id=CHANNEL, uploads_playlist_id="UU" + CHANNEL[2:], fetched_at=utc_now()
    )
    channels = cast("ChannelsAPI", storage.subjects()[ChannelsAPI])
    await channels.save_channel(SaveChannel(channel=about))
    (folder / "poster.jpg").write_bytes(b"\xff\xd8avatar")
    added = await feeds.add_feed(AddPodcastFeed(source=CHANNEL))
    feed_id, key, address = parts(added)
    assert (await shown(feeds, added))["cover_url"] == f"{address}/cover.jpg"
    cover = await feeds.get_feed_file(feed_id, key, "cover.jpg")
    assert (await read(cover), cover.media_type) == (b"\xff\xd8avatar", "image/jpeg")


async def test_feed_of_a_playlist_lists_its_stored_videos_newest_first(feeds: FeedsAPI) -> None:
    added = await feeds.add_feed(AddPodcastFeed(source=LIST))
    feed = await shown(feeds, added)
    assert (feed["title"], ids(feed)) == ("A list", [FOREIGN, VIDEO, OTHER])
    assert feed["cover_url"] == f"{parts(added).folder}/{FOREIGN}.jpg"


async def test_feed_of_a_profile_lists_the_sound_that_was_stored_with_it(
    feeds: FeedsAPI, storage: StorageService
) -> None:
    added = await feeds.add_feed(AddPodcastFeed(profile="music"))
    feed_id, key, _ = parts(added)
    feed = await shown(feeds, added)
    assert (feed["title"], ids(feed)) == ("Profile music", [SOUND])
    assert (await feeds.get_feed_file(feed_id, key, f"{SOUND}.m4a")).media_type == "audio/mp4"
    with pytest.raises(NotFound):
        await feeds.get_feed_file(feed_id, key, f"{VIDEO}.mp4")


async def test_markup_and_forbidden_characters_of_a_title_are_only_text(feeds: FeedsAPI) -> None:
    feed = await shown(feeds, await feeds.add_feed(AddPodcastFeed(source=CHANNEL)))
    episode = feed["episodes"][0]
    expected = '</title><script>alert("1")</script> & ]]> \u202e日本 "é"'
    assert episode["title"] == expected
    assert "<script" not in episode["description_html"]
    escaped = '&lt;/title&gt;&lt;script&gt;alert("1")&lt;/script&gt; &amp; ]]&gt; \u202e日本 "é"'
    assert episode["description_html"] == f"{escaped}<br>line 2"


async def test_feed_lists_as_many_of_the_newest_videos_as_requested(feeds: FeedsAPI) -> None:
    added = await feeds.add_feed(AddPodcastFeed(source=CHANNEL, items=2))
    feed_id, key, _ = parts(added)
    assert ids(await shown(feeds, added)) == [NEWEST, SOUND]
    assert (await feeds.get_feed_file(feed_id, key, f"{OTHER}.mp4")).size == len(MEDIA)


async def test_video_without_a_date_has_the_time_of_storing(
    feeds: FeedsAPI, storage: StorageService, config: StorageConfig
) -> None:
    await store(storage, config, "undated____", 0, upload_date=None)
    feed = await shown(feeds, await feeds.add_feed(AddPodcastFeed(source=CHANNEL)))
    stored = (await storage.video_exists("undated____")).location
    assert stored is not None
    assert ids(feed)[0] == "undated____"
    assert feed["episodes"][0]["published"] == int(stored.stored_at.timestamp())


async def test_wrong_key_is_answered_as_a_missing_feed(feeds: FeedsAPI) -> None:
    own = parts(await feeds.add_feed(AddPodcastFeed(source=CHANNEL)))
    other = parts(await feeds.add_feed(AddPodcastFeed(source=LIST)))
    refused = set()
    for feed_id, key in (
        (own.feed_id, other.key),
        (own.feed_id, own.key.swapcase()),
        (own.feed_id, own.key[:-1]),
        (own.feed_id, own.key + "x"),
        (own.feed_id, "€"),
        (own.feed_id[:-1], own.key),
        ("no-such-feed", own.key),
        ("..", own.key),
    ):
        for name in ("feed.xml", f"{VIDEO}.mp4", f"{VIDEO}.jpg"):
            with pytest.raises(NotFound) as error:
                await feeds.get_feed_file(feed_id, key, name)
            refused.add(error.value.message)
    assert len(refused) == 1


async def test_key_is_valid_only_for_the_files_of_its_feed(feeds: FeedsAPI) -> None:
    feed_id, key, _ = parts(await feeds.add_feed(AddPodcastFeed(source=CHANNEL)))
    for name in (
        f"{FOREIGN}.mp4", f"{FOREIGN}.jpg", "notstored__.mp4", f"{VIDEO}.info.json",
        f"{VIDEO}.webm", f"{VIDEO}.en.vtt", VIDEO, "cover.jpg", "../feed.xml", "manifest.json",
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await feeds.get_feed_file(feed_id, key, name)


async def test_new_key_replaces_the_earlier_one_at_once(feeds: FeedsAPI) -> None:
    added = await feeds.add_feed(AddPodcastFeed(source=CHANNEL))
    before = parts(added)
    request = RotatePodcastFeed(base_url="https://other.example")
    rotated = await feeds.rotate_feed(before.feed_id[:13], request)
    after = parts(rotated)
    assert (after.feed_id, after.key != before.key) == (before.feed_id, True)
    assert rotated.feed.key_created_at > added.feed.key_created_at
    assert len(ids(await shown(feeds, rotated))) == 4
    for name in ("feed.xml", f"{VIDEO}.mp4"):
        with pytest.raises(NotFound):
            await feeds.get_feed_file(before.feed_id, before.key, name)


async def test_removed_feed_has_no_files_and_its_videos_stay(
    feeds: FeedsAPI, storage: StorageAPI
) -> None:
    feed_id, key, _ = parts(await feeds.add_feed(AddPodcastFeed(source=CHANNEL)))
    assert (await feeds.remove_feed(feed_id)).title == "A channel"
    assert (await feeds.list_feeds(PodcastFeedQuery())).items == []
    for name in ("feed.xml", f"{VIDEO}.mp4"):
        with pytest.raises(NotFound):
            await feeds.get_feed_file(feed_id, key, name)
    assert (await storage.video_exists(VIDEO)).exists
    with pytest.raises(NotFound):
        await feeds.remove_feed(feed_id)


async def test_feeds_survive_a_restart_and_their_keys_are_not_stored(
    storage: StorageService, config: StorageConfig
) -> None:
    added = await storage.feeds.add_feed(AddPodcastFeed(source=CHANNEL))
    second = await storage.feeds.add_feed(AddPodcastFeed(source=CHANNEL, items=7))
    await storage.close()
    [file] = [each for each in config.state_path.glob("feeds.db*") if each.suffix == ".db"]
    assert parts(added).key.encode() not in file.read_bytes()
    assert "feeds.db" in {each.file for each in DECLARED if each.in_backups}
    opened = await StorageService.open(config)
    opened.feeds.settings = FeedSettings(base_url=BASE)
    page = await opened.feeds.list_feeds(PodcastFeedQuery(limit=1))
    rest = await opened.feeds.list_feeds(PodcastFeedQuery(cursor=page.next_cursor))
    assert [*page.items, *rest.items] == [added.feed, second.feed]
    assert len(ids(await shown(opened.feeds, added))) == 4
    await opened.close()


async def test_feed_of_something_that_is_not_stored_is_refused(feeds: FeedsAPI) -> None:
    for source in ("UC" + "z" * 22, "PL" + "z" * 32, "UUSH" + "z" * 22):
        with pytest.raises(NotFound, match="archives it"):
            await feeds.add_feed(AddPodcastFeed(source=source))
    with pytest.raises(InvalidRequest, match="known profiles"):
        await feeds.add_feed(AddPodcastFeed(profile="unknown"))
    with pytest.raises(InvalidRequest, match="quality=audio"):
        await feeds.add_feed(AddPodcastFeed(profile="default"))
    with pytest.raises(ValidationError, match="either source or profile"):
        AddPodcastFeed()
    for url in ("ftp://nas", "http://nas/path", "http://a@nas", "http://\x01", "http://<"):
        with pytest.raises(ValidationError, match="base_url"):
            AddPodcastFeed(source=CHANNEL, base_url=url)


async def test_ambiguous_beginning_of_an_id_is_refused(feeds: FeedsAPI) -> None:
    first = await feeds.add_feed(AddPodcastFeed(source=CHANNEL))
    await feeds.add_feed(AddPodcastFeed(source=CHANNEL))
    with pytest.raises(InvalidIdentifier, match=first.feed.id):
        await feeds.remove_feed(first.feed.id[:4])


class Reached(NamedTuple):
    """A feed of a server that demands a token, and a client that has none."""

    session: aiohttp.ClientSession
    feeds: FeedsAPI
    added: PodcastFeedAddress
    address: str
    """Of the feed's files."""


@pytest.fixture
async def reached(storage: StorageService) -> AsyncIterator[Reached]:
    config = ServerConfig(token=SecretStr("the-token-of-the-server"), allowed_hosts=["nas.example"])
    async with (
        serving((FeedsAPI, storage.feeds), config=config) as server,
        aiohttp.ClientSession() as session,
    ):
        added = await storage.feeds.add_feed(
            AddPodcastFeed(source=CHANNEL, base_url=server.url.rstrip("/"))
        )
        yield Reached(session, storage.feeds, added, parts(added).folder)


async def test_feed_needs_no_token_and_other_operations_still_do(reached: Reached) -> None:
    async with reached.session.get(reached.added.address) as answer:
        assert (answer.status, answer.content_type) == (200, "application/rss+xml")
        feed = parsed(await answer.read(), reached.added.address)
    for episode in feed["episodes"]:
        async with reached.session.get(episode["enclosures"][0]["url"]) as answer:
            assert (answer.status, await answer.read()) == (200, MEDIA)
        async with reached.session.get(episode["episode_art_url"]) as answer:
            assert (answer.status, answer.content_type) == (200, "image/jpeg")
    root = reached.address.partition("/feeds/")[0]
    paths = ["/feeds", f"/feeds/{reached.added.feed.id}", "/feeds/a/b/c/d", "/feeds/a/b", "/health"]
    for method, path in [("GET", each) for each in paths] + [
        ("DELETE", f"/feeds/{reached.added.feed.id}"),
        ("POST", f"/feeds/{reached.added.feed.id}/rotate"),
        ("POST", reached.address.removeprefix(root) + "/feed.xml"),
    ]:
        async with reached.session.request(method, root + path) as answer:
            assert answer.status == 401, (method, path)


async def test_wrong_address_gets_the_same_answer_whatever_is_wrong(reached: Reached) -> None:
    folder, key = reached.address.rpartition("/")[::2]
    root = folder.rpartition("/")[0]
    answers = set()
    for address in (
        f"{folder}/{key[:-1]}/feed.xml", f"{folder}/{key}x/feed.xml", f"{root}/none/{key}/feed.xml",
        f"{folder}/{key}/{FOREIGN}.mp4", f"{folder}/{key}/nothing", f"{folder}/%00/feed.xml",
    ):  # fmt: skip
        async with reached.session.get(URL(address, encoded=True)) as answer:
            body = await answer.json()
            answers.add((answer.status, body["error"]["code"], body["error"]["message"]))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404


async def test_host_must_be_one_of_the_server_also_with_a_key(reached: Reached) -> None:
    for host, status in (("nas.example", 200), ("nas.example:8000", 200), ("evil.example", 421)):
        async with reached.session.get(reached.added.address, headers={"Host": host}) as answer:
            assert answer.status == status


async def test_media_of_a_feed_can_be_resumed(reached: Reached) -> None:
    url = f"{reached.address}/{VIDEO}.mp4"
    async with reached.session.head(url) as answer:
        assert (answer.status, answer.headers["Accept-Ranges"]) == (200, "bytes")
        assert answer.content_length == len(MEDIA)
        assert answer.headers["Content-Disposition"] == (
            f'inline; filename="Title of {VIDEO} [{VIDEO}].mp4"'
        )
        version = answer.headers["ETag"]
    part = {"Range": "bytes=100-199", "If-Range": version}
    async with reached.session.get(url, headers=part) as answer:
        assert (answer.status, await answer.read()) == (206, MEDIA[100:200])
        assert answer.headers["Content-Range"] == f"bytes 100-199/{len(MEDIA)}"
    async with reached.session.get(url, headers={"Range": f"bytes={len(MEDIA)}-"}) as answer:
        assert answer.status == 416


async def test_revoked_key_is_refused_at_the_next_request_for_a_part(reached: Reached) -> None:
    url = f"{reached.address}/{VIDEO}.mp4"
    async with reached.session.get(url, headers={"Range": "bytes=0-99"}) as answer:
        assert answer.status == 206
        version = answer.headers["ETag"]
    await reached.feeds.rotate_feed(reached.added.feed.id, RotatePodcastFeed())
    for headers in ({"Range": "bytes=100-199"}, {"If-None-Match": version}):
        async with reached.session.get(url, headers=headers) as answer:
            assert answer.status == 404


async def test_unchanged_feed_is_answered_with_304(
    reached: Reached, storage: StorageService, config: StorageConfig
) -> None:
    url = reached.added.address

    async def status(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with reached.session.get(url, headers=named) as answer:
            return answer.status

    async with reached.session.get(url) as answer:
        version, modified = answer.headers["ETag"], answer.headers["Last-Modified"]
    assert await status(If_None_Match=version) == 304
    assert await status(If_Modified_Since=modified) == 304
    later = metadata(VIDEO, "Another title").model_copy(update={"channel_id": CHANNEL})
    await storage.save_metadata(SaveMetadata(metadata=later))
    assert await status(If_None_Match=version) == 200
    assert await status(If_Modified_Since=modified) == 200
