"""The trash and the quarantine of a real archive, in process and over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import Reach
from tests.unit.storage.samples import (
    MEDIA,
    VIDEO,
    content,
    files_on_disk,
    flip_byte,
    listed,
    registered_files,
    save_request,
    sha256sum_accepts,
    stage,
)
from tests.unit.storage.test_verify import ended, found
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import (
    IntegrityFailure,
    InvalidRequest,
    NotFound,
    PathOutsideArchive,
    RestoreConflict,
)
from ytarchive.storage import (
    EmptyTrash,
    FindingKind,
    RestoreItem,
    TrashAPI,
    TrashItem,
    TrashQuery,
    VideoExists,
)
from ytarchive.storage.service import StorageService

NEW = b"new media"


@dataclass
class Site:
    """An archive, its trash as callers use it, and its settings."""

    storage: StorageService
    trash: TrashAPI
    config: StorageConfig

    @property
    def folder(self) -> Path:
        return self.config.base_path / "videos" / VIDEO

    @property
    def bins(self) -> Path:
        return self.config.base_path / ".ytarchive"

    async def save(self, media: bytes = MEDIA, captions: str = "en") -> None:
        staged = stage(self.config, media=media, captions=captions)
        await self.storage.save_video(save_request(staged))

    async def item(self) -> TrashItem:
        """The only item of the trash."""
        [item] = (await self.trash.list_trash(TrashQuery())).items
        return item

    async def quarantined(self) -> TrashItem:
        """Damage the stored video, and quarantine it; its item."""
        flip_byte(self.folder / f"{VIDEO}.mp4")
        await ended(self.storage, quarantine=True)
        [item] = (await self.trash.list_quarantine(TrashQuery(video_id=VIDEO))).items
        return item

    async def exists(self) -> VideoExists:
        return await self.storage.video_exists(VIDEO)

    def is_consistent(self) -> bool:
        assert registered_files(self.config) == files_on_disk(self.config, "videos")
        return sha256sum_accepts(self.folder)


@pytest.fixture
async def site(reach: Reach[Any], tmp_path: Path) -> AsyncIterator[Site]:
    config = StorageConfig(base_path=tmp_path / "archive")
    storage = await StorageService.open(config)
    trash = storage.subjects()[TrashAPI]
    yield Site(storage, await reach(TrashAPI, trash), config)
    await storage.close()


async def test_item_of_a_replaced_video_has_files_time_and_reason(site: Site) -> None:
    await site.save()
    await site.save(NEW)
    item = await site.item()
    assert await site.trash.get_trash_item(item.id) == item
    assert (item.bin, item.reason, item.video_id) == ("trash", "replaced", VIDEO)
    assert (item.folder, item.quality) == (f"videos/{VIDEO}", "720p")
    assert [(file.path, file.size_bytes) for file in item.files] == [
        (f"videos/{VIDEO}/{VIDEO}.mp4", len(MEDIA))
    ]
    assert item.size_bytes == len(MEDIA)
    assert item.deleted_at == item.moved_at + timedelta(days=30)


async def test_items_are_listed_in_pages_newest_first(site: Site) -> None:
    for number in range(4):
        await site.save(b"media %d" % number)
    first = await site.trash.list_trash(TrashQuery(limit=2))
    rest = await site.trash.list_trash(TrashQuery(limit=2, cursor=first.next_cursor))
    ids = [item.id for item in [*first.items, *rest.items]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 3
    assert rest.next_cursor is None


async def test_restore_overwrites_nothing_without_replace(
    site: Site,
) -> None:
    await site.save()
    await site.save(NEW)
    item = await site.item()
    before = files_on_disk(site.config, "videos")
    with pytest.raises(RestoreConflict, match=r"\.mp4 exists"):
        await site.trash.restore_from_trash(item.id, RestoreItem())
    assert files_on_disk(site.config, "videos") == before
    assert await site.item() == item
    restored = await site.trash.restore_from_trash(item.id, RestoreItem(replace=True))
    assert (restored.files, restored.damaged) == ([f"videos/{VIDEO}/{VIDEO}.mp4"], [])
    location = (await site.exists()).location
    assert location is not None
    assert content(location.video_path) == MEDIA
    assert [(await site.item()).id] == restored.replaced
    assert site.is_consistent()


@pytest.mark.parametrize("is_folder_left", [True, False])
async def test_restored_video_is_registered_again(site: Site, is_folder_left: bool) -> None:
    await site.save()
    await site.save(NEW, captions="de")
    item = await site.item()
    for path in [site.folder / name for name in listed(site.folder)]:
        if not is_folder_left or path.suffix == ".mp4":
            path.unlink()
    await ended(site.storage, quarantine=True)
    assert not (await site.exists()).exists
    await site.trash.restore_from_trash(item.id, RestoreItem())
    found = await site.exists()
    assert found.location is not None
    assert (content(found.location.video_path), found.location.quality) == (MEDIA, "720p")
    assert site.is_consistent()
    assert (await site.trash.list_trash(TrashQuery())).items == []
    assert not (site.bins / "trash" / item.id).exists()


async def test_files_that_changed_in_the_trash_are_not_restored(site: Site) -> None:
    await site.save()
    await site.save(NEW)
    item = await site.item()
    (site.folder / f"{VIDEO}.mp4").unlink()
    flip_byte(site.bins / "trash" / item.id / item.files[0].path)
    with pytest.raises(IntegrityFailure, match="checksum"):
        await site.trash.restore_from_trash(item.id, RestoreItem())
    assert not (site.folder / f"{VIDEO}.mp4").exists()
    assert (await site.item()).files == item.files


async def test_restored_damaged_files_stay_marked_as_damaged(site: Site) -> None:
    await site.save()
    item = await site.quarantined()
    assert (item.reason, item.deleted_at) == ("damaged", None)
    restored = await site.trash.restore_from_quarantine(item.id, RestoreItem())
    assert restored.damaged == [f"videos/{VIDEO}/{VIDEO}.mp4"]
    assert (await site.exists()).exists
    [finding] = (await found(site.storage)).values()
    assert (finding.kind, finding.is_removed) == (FindingKind.DAMAGED, False)
    assert (await ended(site.storage)).findings == {FindingKind.DAMAGED: 1}


async def test_quarantine_of_the_first_stage_is_listed_and_restored(site: Site) -> None:
    await site.save()
    item = await site.quarantined()
    old = site.bins / "quarantine" / "20260102T030405.000006Z"
    (site.bins / "quarantine" / item.id).rename(old)
    (old / "item.json").unlink()
    [found] = (await site.trash.list_quarantine(TrashQuery())).items
    assert (found.id, found.video_id) == (old.name, VIDEO)
    assert found.moved_at.isoformat() == "2026-01-02T03:04:05.000006+00:00"
    await site.trash.restore_from_quarantine(found.id, RestoreItem())
    assert (await site.exists()).exists
    assert not old.exists()


@pytest.mark.parametrize("item_id", ["..", ".hidden", "a/b", "%2e%2e", "x" * 65, "a.deleting", "-"])
async def test_ids_that_are_no_items_reach_no_file(site: Site, item_id: str) -> None:
    (site.bins / "trash" / "a.deleting").mkdir(parents=True)
    with pytest.raises((NotFound, InvalidRequest)):
        await site.trash.get_trash_item(item_id)
    with pytest.raises((NotFound, InvalidRequest)):
        await site.trash.restore_from_trash(item_id, RestoreItem())


@pytest.mark.parametrize("path", ["../../evil.mp4", "/etc/evil.mp4", ".ytarchive/library.db"])
async def test_manifest_cannot_direct_files_to_another_folder(site: Site, path: str) -> None:
    await site.save()
    await site.save(NEW)
    item = await site.item()
    manifest = site.bins / "trash" / item.id / "item.json"
    folder, _, _ = path.rpartition("/")
    changed = manifest.read_text().replace(item.files[0].path, path)
    manifest.write_text(changed.replace(f'"{item.folder}"', f'"{folder}"'))
    with pytest.raises((NotFound, PathOutsideArchive, RestoreConflict)):
        await site.trash.restore_from_trash(item.id, RestoreItem())
    assert (site.folder / f"{VIDEO}.mp4").read_bytes() == NEW


async def test_link_in_place_of_an_item_is_no_item(site: Site, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (site.bins / "trash").mkdir()
    (site.bins / "trash" / "linked").symlink_to(tmp_path / "outside")
    with pytest.raises(NotFound):
        await site.trash.get_trash_item("linked")


async def test_emptying_deletes_old_items_of_the_trash_alone(site: Site) -> None:
    await site.save()
    await site.save(NEW)
    await site.quarantined()
    kept = await site.trash.empty_trash(EmptyTrash(older_than_days=1))
    assert (kept.items, kept.size_bytes) == (0, 0)
    emptied = await site.trash.empty_trash(EmptyTrash())
    assert (emptied.items, emptied.files, emptied.size_bytes) == (1, 1, len(MEDIA))
    assert list((site.bins / "trash").iterdir()) == []
    assert len((await site.trash.list_quarantine(TrashQuery())).items) == 1
