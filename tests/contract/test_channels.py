"""Stored channels, in process and over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.contract.conftest import Reach
from tests.unit.storage.samples import listed
from tests.unit.storage.views.test_nfo import CHANNEL_ID, channel
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import FileFailure, InvalidIdentifier, NotFound
from ytarchive.storage import ChannelsAPI, SaveChannel
from ytarchive.storage.service import StorageService


@pytest.fixture
def config(tmp_path: Path) -> StorageConfig:
    return StorageConfig(base_path=tmp_path / "archive")


@pytest.fixture
async def channels(reach: Reach[Any], config: StorageConfig) -> AsyncIterator[ChannelsAPI]:
    storage = await StorageService.open(config)
    yield cast("ChannelsAPI", await reach(ChannelsAPI, storage.subjects()[ChannelsAPI]))
    await storage.close()


async def test_channel_is_returned_as_it_was_stored(
    channels: ChannelsAPI, config: StorageConfig
) -> None:
    with pytest.raises(NotFound):
        await channels.get_stored_channel(CHANNEL_ID)
    await channels.save_channel(SaveChannel(channel=channel("Films", "About films")))
    found = await channels.get_stored_channel(
        f"https://www.youtube.com/channel/{CHANNEL_ID}/videos"
    )
    assert (found.title, found.description, found.poster_url) == ("Films", "About films", None)
    assert listed(config.base_path / "metadata/channels") == [f"{CHANNEL_ID}/channel.json"]


@pytest.mark.parametrize("name", ["../../../escaped", "@films", "", "UCshort"])
async def test_channel_without_an_id_is_refused_and_nothing_is_written(
    channels: ChannelsAPI, config: StorageConfig, name: str
) -> None:
    before = listed(config.base_path)
    unsafe = channel().model_copy(update={"channel_id": name})
    with pytest.raises(InvalidIdentifier):
        await channels.save_channel(SaveChannel(channel=unsafe))
    assert listed(config.base_path) == before


async def test_damaged_channel_is_reported_and_replaced(
    channels: ChannelsAPI, config: StorageConfig
) -> None:
    await channels.save_channel(SaveChannel(channel=channel()))
    path = config.base_path / "metadata" / "channels" / CHANNEL_ID / "channel.json"
    path.write_text("{")
    with pytest.raises(FileFailure, match="damaged; list the channel again"):
        await channels.get_stored_channel(CHANNEL_ID)
    await channels.save_channel(SaveChannel(channel=channel("Films")))
    assert (await channels.get_stored_channel(CHANNEL_ID)).title == "Films"
