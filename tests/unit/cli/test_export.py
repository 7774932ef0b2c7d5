"""`ytarchive export`, with a small archive on the disk."""

import asyncio
from pathlib import Path

import bagit
import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.storage.samples import VIDEO, metadata, save_request, stage
from ytarchive.common.config import StorageConfig
from ytarchive.storage import Access, SaveMetadata, open_identity
from ytarchive.storage.service import StorageService


@pytest.fixture(autouse=True)
def stored(tmp_path: Path) -> None:
    config = StorageConfig(base_path=tmp_path / "archive")

    async def store() -> None:
        storage = await StorageService.open(config)
        await storage.save_metadata(SaveMetadata(metadata=metadata(title="Grüße, “world”")))
        await storage.save_video(save_request(stage(config)))
        await storage.close()

    open_identity(config, Access.CREATE)
    asyncio.run(store())


def test_lists_are_printed_as_they_are(cli: Cli) -> None:
    assert cli("export", "download-archive").out == f"youtube {VIDEO}\n"
    header, row = cli("export", "csv").out.splitlines()
    assert header.startswith("video_id,title,")
    assert row.startswith(f'{VIDEO},"Grüße, “world”",')
    for line in (("export", "json"), ("export", "json", "--json")):
        assert [each["title"] for each in cli(*line).json] == ["Grüße, “world”"]
    unknown = cli("export", "json", "--channel", "nobody")
    assert (unknown.code, unknown.out) == (1, "")
    assert "no video of a channel with the id or title 'nobody'" in unknown.err
    handle = cli("export", "json", "--channel", "@nobody")
    assert (handle.code, handle.out) == (1, "")
    assert "Name a channel by its id or title; `ytarchive storage list` shows both" in handle.err


def test_text_is_not_printed_as_json(cli: Cli) -> None:
    ran = cli("export", "csv", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, "E002")


def test_unknown_playlist_is_an_error_with_its_command(cli: Cli) -> None:
    ran = cli("export", "csv", "--playlist", "PLunknown12345")
    assert (ran.code, ran.out) == (1, "")
    assert "`ytarchive playlist PLunknown12345` archives it" in ran.err


def test_bag_is_written_to_a_new_folder_alone(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "bags" / "all"
    ran = cli("export", "bagit", str(folder), "--json")
    assert ran.json["path"] == str(folder)
    bagit.Bag(str(folder)).validate()
    again = cli("export", "bagit", str(folder))
    assert again.code == 1
    assert "is not empty" in again.err
