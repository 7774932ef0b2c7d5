"""Listing and searching a real archive in the command's own process."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.storage.samples import OTHER, VIDEO, metadata, save_request, stage
from ytarchive.common.config import MetadataConfig, StorageConfig
from ytarchive.common.database import Database
from ytarchive.common.models import utc_now
from ytarchive.metadata import ChannelMetadata
from ytarchive.metadata.repository import SCHEMA, MetadataCache
from ytarchive.storage import SaveMetadata
from ytarchive.storage.service import StorageService

CUES = """WEBVTT

00:01:05.000 --> 00:01:09.000
We build an old <i>radio</i> today

"""


@pytest.fixture
def archived(tmp_path: Path) -> StorageConfig:
    """An archive with two videos, one of them with captions, that nobody has indexed yet."""
    config = StorageConfig(base_path=tmp_path / "archive")

    async def fill() -> None:
        storage = await StorageService.open(config)
        for video_id, title in ((VIDEO, "A kitchen"), (OTHER, "A garden \x1b[31m")):
            staged = stage(config, video_id)
            if video_id == VIDEO:
                (staged / "captions" / f"{VIDEO}.en.vtt").write_text(CUES)
            await storage.save_metadata(SaveMetadata(metadata=metadata(video_id, title)))
            await storage.save_video(save_request(staged, video_id))
        await storage.close()

    asyncio.run(fill())
    return config


def test_search_shows_the_line_the_second_and_the_file(archived: StorageConfig, cli: Cli) -> None:
    ran = cli("storage", "search", "RADIO", "old")
    assert ran.code == 0
    assert "A kitchen" in ran.out
    assert re.search(r"1:05 +We build an old radio today", ran.out)
    assert f"https://www.youtube.com/watch?v={VIDEO}&t=65" in ran.out
    assert str(archived.base_path / "videos" / VIDEO / f"{VIDEO}.mp4") in ran.out.replace("\n", "")


@pytest.mark.usefixtures("archived")
def test_one_video_is_not_videos(cli: Cli) -> None:
    assert "1 video found" in cli("storage", "search", "radio").out
    assert "2 videos found" in cli("storage", "search", "a").out


def test_metadata_only_results_are_marked_and_long_titles_are_shortened(
    archived: StorageConfig, cli: Cli
) -> None:
    async def describe() -> None:
        storage = await StorageService.open(archived)
        for video_id, title in ((OTHER, "A" * 5000), ("-----------", "Not stored")):
            await storage.save_metadata(SaveMetadata(metadata=metadata(video_id, title)))
        await storage.close()

    asyncio.run(describe())
    assert cli("storage", "stats", "--json").json["total_videos"] == 2
    checked = " ".join(cli("verify").out.split())
    assert "checked 3 of 3 videos, counting those with only metadata; " in checked
    listed = cli("storage", "list")
    assert listed.out.count("A" * 10) < 20
    assert "…" in listed.out
    whole = {video["title"] for video in cli("storage", "list", "--json").json["items"]}
    assert "A" * 5000 in whole


@pytest.mark.usefixtures("archived")
def test_a_word_with_a_dash_must_not_occur(cli: Cli) -> None:
    found = cli("storage", "search", "a", "-radio", "--json").json
    assert [video["video_id"] for video in found["items"]] == [OTHER]
    assert (found["total"], found["is_total_exact"], found["pending"]) == (1, True, 0)


@pytest.mark.usefixtures("archived")
def test_a_search_without_results_has_exit_code_1(cli: Cli) -> None:
    ran = cli("storage", "search", "xylophone")
    assert (ran.code, ran.out.strip()) == (1, "Nothing was found.")
    ran = cli("storage", "search", "???")
    assert ran.code == 1
    assert "no word to look for" in ran.out


@pytest.mark.usefixtures("archived")
def test_the_list_is_sorted_and_names_its_next_page(cli: Cli) -> None:
    first = cli("storage", "list", "--sort", "title", "--reverse", "--limit", "1")
    assert "A garden" in first.out
    assert "\x1b" not in first.out
    [cursor] = re.findall(r"--cursor (\S+)", first.out)
    options = ("--sort", "title", "--reverse", "--limit", "1", "--cursor", cursor, "--json")
    second = cli("storage", "list", *options).json
    assert [video["title"] for video in second["items"]] == ["A kitchen"]
    assert second["next_cursor"] is None
    refused = cli("storage", "list", "--cursor", cursor)
    assert refused.code == 2
    assert "made for another list" in refused.err


@pytest.mark.usefixtures("archived")
def test_lists_and_searches_take_the_same_filters(cli: Cli) -> None:
    for command in (["list"], ["search", "a"]):
        for options, expected in (
            (["--channel", "a CHANNEL", "--from", "2009-10-25", "--to", "2009-10-25"], 2),
            (["--channel", "a chan"], 0),
            (["--longer", "3:33", "--shorter", "213"], 2),
            (["--longer", "214"], 0),
            (["--no-captions"], 0),
        ):
            found = cli("storage", *command, *options, "--json").json
            assert len(found["items"]) == expected, (command, options)


CHANNEL = "UCuAXFkgsw1L7xaCfnd5JJOw"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (CHANNEL, 2),
        (f"https://www.youtube.com/channel/{CHANNEL}/videos", 2),
        ("@TheFilms", 2),
        ("https://www.youtube.com/@TheFilms/videos?view=0", 2),
        ("a channel", 2),
        ("UC" + "x" * 22, 0),
        ("another title", 0),
    ],
)
def test_a_channel_is_meant_by_id_address_handle_or_title(
    cli: Cli,
    archived: StorageConfig,
    monkeypatch: pytest.MonkeyPatch,
    given: str,
    expected: int,
) -> None:
    """The handle was requested a week ago; nothing is requested for the others."""
    asyncio.run(_remember_handle(archived, "@thefilms"))
    monkeypatch.setenv("YTARCHIVE_NETWORK__PROXY", "http://127.0.0.1:9")
    for command in (["list"], ["search", "a"]):
        found = cli("storage", *command, "--channel", given, "--json").json
        assert len(found["items"]) == expected, command


@pytest.mark.usefixtures("archived")
def test_a_handle_that_cannot_be_looked_up_is_an_error_and_not_an_empty_list(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YTARCHIVE_NETWORK__PROXY", "http://127.0.0.1:9")
    ran = cli("storage", "list", "--channel", "@unknown-handle", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, "E140")


async def _remember_handle(config: StorageConfig, handle: str) -> None:
    a_week_ago = utc_now() - timedelta(days=7)
    async with await Database.open(config.state_path / "metadata.db", SCHEMA) as database:
        cache = MetadataCache(database, MetadataConfig(), lambda: a_week_ago)
        channel = ChannelMetadata(
            channel_id=CHANNEL, title="A channel", uploads_playlist_id="UU" + CHANNEL[2:],
            fetched_at=a_week_ago,
        )  # fmt: skip
        await cache.save_channel(handle, channel)


@pytest.mark.usefixtures("archived")
def test_invalid_days_and_durations_are_refused(cli: Cli) -> None:
    assert cli("storage", "list", "--from", "yesterday").code == 2
    assert cli("storage", "search", "a", "--longer", "1h").code == 2
