"""Avatars and banners of channels, from the stand-in's servers of images."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Server, environment, until
from tests.standin import Catalogue, Fault, MediaSpec, StandIn, StandInProcess
from ytarchive.common.config import NetworkConfig, StorageConfig
from ytarchive.common.errors import NetworkFailure
from ytarchive.common.media import ChannelMetadata
from ytarchive.common.models import utc_now
from ytarchive.metadata.pictures import YouTubePictures
from ytarchive.storage import SaveChannel, StoredChannel
from ytarchive.storage.channels.service import ChannelsService
from ytarchive.storage.service import StorageService

AVATAR = "https://yt3.ggpht.com/avatar=s0"
BANNER = "https://yt3.googleusercontent.com/banner=s0"


@pytest.fixture
async def images() -> AsyncIterator[StandIn]:
    async with StandIn(Catalogue(), media=MediaSpec(seconds=1)) as standin:
        yield standin


@pytest.fixture
async def channels(images: StandIn, tmp_path: Path) -> AsyncIterator[ChannelsService]:
    storage = await StorageService.open(StorageConfig(base_path=tmp_path / "archive"))
    storage.known_channels.pictures = YouTubePictures(network(images))
    yield storage.known_channels
    await storage.close()


def network(images: StandIn) -> NetworkConfig:
    return NetworkConfig(proxy=images.proxy_url, ca_file=images.ca_file, timeout=5)


@pytest.mark.parametrize("key", [None, "key"])
@pytest.mark.parametrize("named_by", ["handle", "id"])
def test_job_of_a_channel_stores_its_avatar_and_banner_once(
    tmp_path: Path, key: str | None, named_by: str
) -> None:
    archive = tmp_path / "archive"
    source = {} if key is None else {"youtube__api_key": key}
    with StandInProcess("--scenario", "demo") as youtube:
        [channel_id] = youtube.ask("/catalogue")["channels"]
        name = channel_id if named_by == "id" else youtube.ids["demo"]["channel"]
        folder = archive / "metadata" / "channels" / channel_id
        with Server(environment(archive, youtube, **source)) as server:
            for _ in range(2):
                request = {"type": "METADATA_ONLY", "playlist_id": name}
                assert server.ended(server.post("/jobs", request).data["id"])
                until(lambda: "fanart_url" in stored(folder), "the pictures")
            found = server.get(f"/storage/channels/{channel_id}").data
        kinds = youtube.counters()["kinds"]
    assert [(folder / name).read_bytes()[:3] for name in ("poster.jpg", "fanart.jpg")] == [
        b"\xff\xd8\xff"
    ] * 2
    assert (found["poster_url"], found["fanart_url"]) == (AVATAR, BANNER)
    assert (found["title"], found["description"]) == ("Stand-in Films", "Films")
    assert (kinds["avatar"], kinds["banner"]) == (1, 1)


def stored(folder: Path) -> dict[str, str]:
    """Return the fields of a stored channel that have a value."""
    fields = json.loads((folder / "channel.json").read_text("utf-8"))
    return {name: value for name, value in fields.items() if value is not None}


async def test_new_address_replaces_the_picture_and_the_earlier_one_is_in_the_history(
    channels: ChannelsService, tmp_path: Path
) -> None:
    first = described("UC" + "a" * 22, AVATAR)
    folder = tmp_path / "archive" / "metadata" / "channels" / first.channel_id
    await save(channels, first)
    earlier = (folder / "poster.jpg").read_bytes()
    later = "https://yt3.ggpht.com/another=s0"
    await save(channels, first.model_copy(update={"avatar_url": later, "title": "Renamed"}))
    await save(channels, first.model_copy(update={"avatar_url": None, "title": "Renamed"}))
    found = await channels.get_stored_channel(first.channel_id)
    assert (found.poster_url, found.avatar_url, found.title) == (later, later, "Renamed")
    assert (folder / "poster.jpg").read_bytes() != earlier
    lines = (folder.parent.parent / "history" / f"{first.channel_id}.jsonl").read_text("utf-8")
    entries = [json.loads(line)["data"] for line in lines.splitlines()]
    assert [each.get("title") for each in entries] == ["A channel", None]
    assert base64.b64decode(entries[1]["base64"]) == earlier
    (folder / "poster.jpg").unlink()
    await save(channels, first.model_copy(update={"avatar_url": later, "title": "Renamed"}))
    assert (folder / "poster.jpg").is_file()


def described(channel_id: str, avatar: str | None) -> ChannelMetadata:
    return ChannelMetadata(
        channel_id=channel_id,
        title="A channel",
        uploads_playlist_id=f"UU{channel_id[2:]}",
        avatar_url=avatar,
        fetched_at=utc_now(),
    )


async def save(channels: ChannelsService, channel: ChannelMetadata) -> StoredChannel:
    """Store a channel, and return it after the requests for its pictures."""
    await channels.save_channel(SaveChannel(channel=channel))
    await channels.settled()
    return await channels.get_stored_channel(channel.channel_id)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 404},
        {"status": 200, "body": "<html>Sign in</html>"},
        {"truncate_to": 400},
        {"status": 302, "location": "https://i.ytimg.com/vi/x/y.jpg"},
    ],
)
async def test_failed_picture_changes_nothing_and_is_requested_by_the_next_save(
    images: StandIn, channels: ChannelsService, fault: dict[str, Any]
) -> None:
    channel = described("UC" + "b" * 22, AVATAR)
    images.behaviour.faults.append(Fault(kind="avatar", times=1, **fault))
    assert (await save(channels, channel)).poster_url is None
    assert (await save(channels, channel)).poster_url == AVATAR


@pytest.mark.parametrize(
    "url", ["http://yt3.ggpht.com/x", "https://elsewhere.invalid/x", "https://ggpht.com.evil.net/x"]
)
async def test_pictures_are_requested_from_youtube_alone(images: StandIn, url: str) -> None:
    with pytest.raises(NetworkFailure, match="not an address of YouTube's servers of images"):
        await YouTubePictures(network(images)).fetch(url)
    assert images.requests.count("*") == 0
