import asyncio
import hashlib
import json

import pytest

from tests.unit.storage.samples import VIDEO, listed, metadata, playlist, save_request, stage
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import InvalidIdentifier, NotFound
from ytarchive.storage import SaveMetadata, SavePlaylist
from ytarchive.storage.service import StorageService

HOSTILE_TITLE = '../../etc/passwd\x00\n"; rm -rf / <b>\u202e 字 ' * 20


async def test_metadata_is_read_as_it_was_saved(storage: StorageService) -> None:
    saved = metadata(title=HOSTILE_TITLE)
    await storage.save_metadata(SaveMetadata(metadata=saved))
    assert await storage.get_metadata(VIDEO) == saved


async def test_metadata_is_a_readable_json_file_named_by_the_id(
    storage: StorageService, config: StorageConfig
) -> None:
    location = await storage.save_metadata(SaveMetadata(metadata=metadata(title=HOSTILE_TITLE)))
    path = config.base_path / f"metadata/videos/{VIDEO}.json"
    assert location.metadata_path == str(path)
    assert location.video_path is None
    text = path.read_text("utf-8")
    assert json.loads(text)["title"] == HOSTILE_TITLE
    assert text.count("\n") > 10
    assert listed(config.base_path / "metadata") == [f"videos/{VIDEO}.json", "views.json"]


async def test_metadata_that_is_not_stored_is_not_found(storage: StorageService) -> None:
    with pytest.raises(NotFound, match=VIDEO):
        await storage.get_metadata(VIDEO)


async def test_saving_metadata_does_not_change_whether_a_video_exists(
    storage: StorageService, config: StorageConfig
) -> None:
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    found = await storage.video_exists(VIDEO)
    assert not found.exists
    assert found.location is not None
    stored = await storage.save_video(save_request(stage(config)))
    await storage.save_metadata(SaveMetadata(metadata=metadata(title="later")))
    assert (await storage.video_exists(VIDEO)).location == stored.model_copy(
        update={"is_first": False}
    )


async def test_saves_of_the_same_metadata_at_the_same_time_end_with_one_of_them(
    storage: StorageService,
) -> None:
    titles = [f"title {n}" for n in range(10)]
    saves = [storage.save_metadata(SaveMetadata(metadata=metadata(title=t))) for t in titles]
    await asyncio.gather(*saves)
    row = await storage._database.fetch_one("get_video", {"video_id": VIDEO})
    assert row is not None
    assert (await storage.get_metadata(VIDEO)).title == row["title"]
    assert (await storage.get_stats()).total_metadata == 1


async def test_a_truncated_draft_does_not_replace_the_complete_file(
    storage: StorageService, config: StorageConfig
) -> None:
    """The same metadata saved once more, and killed before the draft has its content."""
    saved = metadata()
    await storage.save_metadata(SaveMetadata(metadata=saved))
    await storage.close()
    file = config.base_path / f"metadata/videos/{VIDEO}.json"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    draft = config.base_path / ".ytarchive" / "tmp" / f"{VIDEO}.{digest}.draft"
    draft.touch()
    again = await StorageService.open(config)
    assert await again.get_metadata(VIDEO) == saved
    assert not draft.exists()
    await again.close()


async def test_a_playlist_is_kept_under_its_id(
    storage: StorageService, config: StorageConfig
) -> None:
    for videos in (2, 3):
        await storage.save_playlist(SavePlaylist(playlist=playlist("PLabc", videos)))
    path = config.base_path / "metadata/playlists/PLabc.json"
    assert len(json.loads(path.read_text())["videos"]) == 3
    assert (await storage.get_stats()).total_playlists == 1


async def test_a_playlists_address_is_reduced_to_its_id(
    storage: StorageService, config: StorageConfig
) -> None:
    address = "https://www.youtube.com/playlist?list=PLabc"
    await storage.save_playlist(SavePlaylist(playlist=playlist(address)))
    path = config.base_path / "metadata/playlists/PLabc.json"
    assert json.loads(path.read_text())["playlist_id"] == "PLabc"


@pytest.mark.parametrize("playlist_id", ["../../x", "/etc/passwd", "PL/..", ""])
async def test_a_hostile_playlist_id_is_refused(
    storage: StorageService, config: StorageConfig, playlist_id: str
) -> None:
    before = listed(config.base_path / "metadata")
    with pytest.raises(InvalidIdentifier):
        await storage.save_playlist(SavePlaylist(playlist=playlist(playlist_id)))
    assert listed(config.base_path / "metadata") == before
