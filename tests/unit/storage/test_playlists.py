"""Playlists' files: complete, written in parts, and merged with earlier entries."""

import json
import tracemalloc
from typing import Any

import pytest

from tests.unit.storage.samples import playlist
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import Conflict
from ytarchive.common.media import PlaylistMetadata, PlaylistVideo
from ytarchive.storage import SavePlaylist
from ytarchive.storage.maintenance.rebuild import rebuild_library
from ytarchive.storage.service import StorageService

LIST = "PLlist"


def part(first: int, count: int, *, draft: str | None = "a", **more: Any) -> SavePlaylist:
    """Entries `first`, `first + 1`, … of a list."""
    videos = [
        PlaylistVideo(video_id=f"video{n:06}", position=n, title=f'"Film" №{n}\n  ]')
        for n in range(first, first + count)
    ]
    listed = playlist(LIST).model_copy(update={"videos": videos, "video_count": 0})
    return SavePlaylist(playlist=listed, draft=draft, **more)


def stored(config: StorageConfig) -> PlaylistMetadata:
    path = config.base_path / "metadata" / "playlists" / f"{LIST}.json"
    return PlaylistMetadata.model_validate_json(path.read_bytes())


async def test_parts_become_one_file_after_the_last_part(
    storage: StorageService, config: StorageConfig
) -> None:
    whole = part(0, 250, draft=None)
    await storage.save_playlist(part(0, 100, unfinished=True))
    await storage.save_playlist(part(100, 100, unfinished=True))
    assert not (config.base_path / "metadata" / "playlists" / f"{LIST}.json").exists()
    await storage.save_playlist(part(200, 50))

    assert stored(config).videos == whole.playlist.videos
    assert stored(config).video_count == 250
    assert (await storage.get_stats()).total_playlists == 1
    assert not list(config.base_path.glob(".ytarchive/tmp/playlist-*"))


async def test_a_list_written_again_from_its_beginning_has_no_duplicates(
    storage: StorageService, config: StorageConfig
) -> None:
    await storage.save_playlist(part(0, 100, unfinished=True))
    await storage.save_playlist(part(0, 100, unfinished=True))
    await storage.save_playlist(part(100, 0))
    assert len(stored(config).videos) == 100


async def test_a_part_without_the_previous_parts_is_refused(storage: StorageService) -> None:
    with pytest.raises(Conflict):
        await storage.save_playlist(part(100, 50))


@pytest.mark.parametrize("indented", [False, True])
async def test_newer_entries_precede_those_of_the_file(
    storage: StorageService, config: StorageConfig, *, indented: bool
) -> None:
    await storage.save_playlist(part(10, 50, draft=None))
    if indented:
        path = config.base_path / "metadata" / "playlists" / f"{LIST}.json"
        path.write_text(json.dumps(json.loads(path.read_text()), indent=2))
    newest = part(0, 20, draft=None, newest_only=True)
    await storage.save_playlist(newest)
    kept = stored(config)
    assert [video.video_id for video in kept.videos] == [f"video{n:06}" for n in range(60)]
    assert [video.position for video in kept.videos] == list(range(60))
    assert kept.videos[59].title == '"Film" №59\n  ]'
    assert kept.video_count == 60


@pytest.mark.parametrize("damage", [b'{"video_id": "vi', b'{"id": 1},\n', b"\xff\xfe\n", b"[]\n"])
async def test_a_damaged_file_is_replaced_by_newer_entries(
    storage: StorageService, config: StorageConfig, damage: bytes
) -> None:
    """What can be read of it stays; the next whole listing writes all of it anew."""
    await storage.save_playlist(part(10, 50, draft=None))
    path = config.base_path / "metadata" / "playlists" / f"{LIST}.json"
    lines = path.read_bytes().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if b"video000020" in line)
    path.write_bytes(b"".join(lines[:at]) + damage)
    await storage.save_playlist(part(0, 10, draft=None, newest_only=True))
    assert [video.position for video in stored(config).videos] == list(range(20))


async def test_a_playlists_file_can_be_read_by_a_rebuild(
    storage: StorageService, config: StorageConfig
) -> None:
    await storage.save_playlist(part(0, 50, draft=None))
    document = json.loads(
        (config.base_path / "metadata" / "playlists" / f"{LIST}.json").read_text()
    )
    assert document["videos"][49]["position"] == 49
    await storage.close()
    assert (await rebuild_library(config)).playlists == 1


async def test_a_list_of_any_length_is_written_in_little_memory(
    storage: StorageService, config: StorageConfig
) -> None:
    """50,000 entries take about 35 MiB as models."""
    tracemalloc.start()
    try:
        for first in range(0, 50_000, 500):
            await storage.save_playlist(part(first, 500, unfinished=first < 49_500))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 8 * 2**20
    assert len(stored(config).videos) == 50_000
