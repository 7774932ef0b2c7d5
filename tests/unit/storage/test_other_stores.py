"""An archive whose videos are in another store than the folder: here, in memory."""

import hashlib
from collections.abc import AsyncIterator
from typing import cast

import pytest

from tests.unit.storage.samples import (
    MEDIA,
    OTHER,
    VIDEO,
    listed,
    metadata,
    registered_files,
    save_request,
    side_request,
    stage,
    stage_side_files,
)
from tests.waiting import eventually
from ytarchive.common.config import StorageConfig
from ytarchive.storage import (
    BinName,
    FindingKind,
    FindingQuery,
    FoundVideo,
    PassState,
    RestoreItem,
    SaveMetadata,
    SaveVideo,
    SearchQuery,
    TrashQuery,
    VerifyRequest,
)
from ytarchive.storage.content.api import ContentAPI
from ytarchive.storage.service import StorageService
from ytarchive.storage.trash.api import TrashAPI
from ytarchive.testing import MemoryMediaStore

FOLDER = f"videos/{VIDEO}"
NAMES = [
    f"captions/{VIDEO}.en.vtt", "checksums.sha256", f"{VIDEO}.info.json", f"{VIDEO}.jpg",
    f"{VIDEO}.mp4", "manifest.json",
]  # fmt: skip


@pytest.fixture
def media() -> MemoryMediaStore:
    return MemoryMediaStore()


@pytest.fixture
async def storage(config: StorageConfig, media: MemoryMediaStore) -> AsyncIterator[StorageService]:
    service = await StorageService.open(config, media=media)
    yield service
    await service.close()


async def keys(media: MemoryMediaStore, prefix: str = ".") -> list[str]:
    return sorted([key async for key in media.iterate(prefix)])


async def verified(storage: StorageService, request: VerifyRequest) -> dict[str, FindingKind]:
    """Verify the archive; the findings by path."""
    await storage.verifier.start_verification(request)

    async def is_over() -> bool:
        return (await storage.verifier.get_verification()).state is not PassState.RUNNING

    await eventually(is_over)
    assert (await storage.verifier.get_verification()).state is PassState.COMPLETE
    found = await storage.verifier.list_findings(FindingQuery())
    return {each.path: each.kind for each in found.items}


async def test_a_video_is_stored_with_its_digests(
    storage: StorageService, config: StorageConfig, media: MemoryMediaStore
) -> None:
    location = await storage.save_video(save_request(stage(config)))
    assert await keys(media) == [f"{FOLDER}/{name}" for name in NAMES]
    states = await media.stat(await keys(media), hashed=True)
    assert registered_files(config) == {
        key: (state.size, bytes.fromhex(state.sha256 or "")) for key, state in states.items()
    }
    assert (
        hashlib.sha256(MEDIA).hexdigest()
        in (await media.read(f"{FOLDER}/checksums.sha256")).decode()
    )
    assert location.video_path == str(config.base_path / FOLDER / f"{VIDEO}.mp4")
    assert (await storage.video_exists(VIDEO)).exists
    assert listed(config.staging_path) == listed(config.base_path / "videos") == []


async def test_side_files_are_added(
    storage: StorageService, config: StorageConfig, media: MemoryMediaStore
) -> None:
    await storage.save_video(save_request(stage(config)))
    await storage.save_video(side_request(stage_side_files(config)))
    assert await media.read(f"{FOLDER}/{VIDEO}.jpg") == b"\xff\xd8\xff\xe1"
    assert f"{FOLDER}/captions/{VIDEO}.de.vtt" in await keys(media)
    assert await verified(storage, VerifyRequest()) == {}


async def test_a_replaced_file_is_restored_from_the_trash(
    storage: StorageService, config: StorageConfig, media: MemoryMediaStore
) -> None:
    await storage.save_video(save_request(stage(config)))
    again = save_request(stage(config, media=b"new media"))
    await storage.save_video(again.model_copy(update={"replace": True}))
    trash = cast(TrashAPI, storage.subjects()[TrashAPI])
    [item] = (await trash.list_trash(TrashQuery())).items
    assert item.bin is BinName.TRASH
    await trash.restore_from_trash(item.id, RestoreItem(replace=True))
    assert await media.read(f"{FOLDER}/{VIDEO}.mp4") == MEDIA
    assert await verified(storage, VerifyRequest()) == {}


async def test_verification_finds_and_quarantines_a_damaged_file(
    storage: StorageService, config: StorageConfig, media: MemoryMediaStore
) -> None:
    await storage.save_video(save_request(stage(config)))
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    await storage.save_video(save_request(stage(config, OTHER), OTHER))
    damaged, lost = f"{FOLDER}/{VIDEO}.mp4", f"videos/{OTHER}/{OTHER}.jpg"
    await media.write(damaged, MEDIA[:-1] + b"\x01")
    await media.delete(lost)
    await media.write(f"{FOLDER}/stranger.bin", b"")
    assert await verified(storage, VerifyRequest()) == {
        damaged: FindingKind.DAMAGED,
        lost: FindingKind.MISSING,
        f"{FOLDER}/stranger.bin": FindingKind.FOREIGN,
    }
    await verified(storage, VerifyRequest(quarantine=True))
    assert damaged not in await keys(media)
    [kept] = [key for key in await keys(media, ".ytarchive/quarantine") if key.endswith(".mp4")]
    assert await media.read(kept) == MEDIA[:-1] + b"\x01"


async def test_a_video_is_registered_where_it_is(
    storage: StorageService, media: MemoryMediaStore
) -> None:
    await media.write("films/My film.mp4", MEDIA)
    location = await storage.save_video(SaveVideo(video_id=VIDEO, video_path="films/My film.mp4"))
    assert location.size_bytes == len(MEDIA)
    assert await keys(media) == ["films/My film.mp4"]


async def test_the_content_of_a_video_is_served(
    storage: StorageService, config: StorageConfig
) -> None:
    await storage.save_video(save_request(stage(config)))
    api = cast(ContentAPI, storage.subjects()[ContentAPI])
    content = await api.get_media(VIDEO)
    async with await content.open(5, 30) as parts:
        assert b"".join([part async for part in parts]) == MEDIA[5:30]


async def test_a_lost_library_is_made_again_from_the_store(
    config: StorageConfig, media: MemoryMediaStore
) -> None:
    storage = await StorageService.open(config, media=media)
    await storage.save_video(save_request(stage(config)))
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    await storage.close()
    before = registered_files(config)
    (config.state_path / "library.db").unlink()
    storage = await StorageService.open(config, media=media)
    try:
        assert (await storage.video_exists(VIDEO)).exists
        assert registered_files(config) == before
    finally:
        await storage.close()


async def test_captions_are_found_by_a_search(
    storage: StorageService, config: StorageConfig
) -> None:
    folder = stage(config)
    captions = "WEBVTT\n\n00:00:07.000 --> 00:00:09.000\nan unusual word\n"
    (folder / "captions" / f"{VIDEO}.en.vtt").write_text(captions)
    await storage.save_video(save_request(folder))

    async def found() -> list[FoundVideo]:
        return (await storage.search.search(SearchQuery(query="unusual"))).items

    [video] = await eventually(found)
    assert [hit.seconds for hit in video.hits] == [7]
