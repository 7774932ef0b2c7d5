"""Items that stay in the trash, and items that are deleted after their time."""

import errno
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.storage.samples import VIDEO, listed, save_request, stage
from tests.waiting import until
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import DiskFull
from ytarchive.common.models import utc_now
from ytarchive.storage.bins.bins import Bins, new_item
from ytarchive.storage.bins.models import BinName, Reason, TrashedFile
from ytarchive.storage.service import StorageService
from ytarchive.storage.store.local import LocalMediaStore


def put(config: StorageConfig, bin_name: BinName, days: float) -> None:
    """Put a file into a bin, as it was so many days ago."""
    file = TrashedFile(path=f"videos/{VIDEO}/{VIDEO}.mp4", size_bytes=5)
    item = new_item(bin_name, Reason.REPLACED, f"videos/{VIDEO}", [file], VIDEO)
    item = item.model_copy(update={"moved_at": utc_now() - timedelta(days=days)})
    home = config.base_path / ".ytarchive" / bin_name / item.id
    (home / item.folder).mkdir(parents=True)
    (home / file.path).write_bytes(b"media")
    (home / "item.json").write_text(item.model_dump_json())


def in_bin(config: StorageConfig, bin_name: BinName) -> int:
    """Count the items that hold their file."""
    items = (config.base_path / ".ytarchive" / bin_name).iterdir()
    return sum((item / f"videos/{VIDEO}/{VIDEO}.mp4").is_file() for item in items)


@pytest.mark.parametrize(("trash_days", "kept"), [(30, 2), (3, 1), (100, 3), (0, 0)])
async def test_trash_is_purged_after_its_days_and_the_quarantine_never(
    config: StorageConfig, trash_days: float, kept: int
) -> None:
    for days in (0.5, 10, 40):
        put(config, BinName.TRASH, days)
    put(config, BinName.QUARANTINE, 4000)
    settings = config.model_copy(update={"trash_days": trash_days})
    storage = await StorageService.open(settings)
    await until(lambda: in_bin(config, BinName.TRASH) <= kept)
    await storage.close()
    assert in_bin(config, BinName.TRASH) == kept
    assert in_bin(config, BinName.QUARANTINE) == 1


async def test_partly_deleted_item_is_not_listed_and_is_deleted_at_the_next_start(
    config: StorageConfig,
) -> None:
    put(config, BinName.TRASH, 1)
    [item] = (config.base_path / ".ytarchive/trash").iterdir()
    doomed = item.rename(f"{item}.deleting")
    bins = Bins(LocalMediaStore.at(config))
    assert [item async for item in bins.items(BinName.TRASH)] == []
    await bins.empty(timedelta(days=30))
    assert not doomed.exists()


@pytest.mark.parametrize("operation", ["mkdir", "rename", "replace"])
async def test_full_disk_leaves_the_stored_video_in_its_place(
    storage: StorageService,
    config: StorageConfig,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
) -> None:
    """At any failure of the disk; the download waits in staging and is stored later."""
    folder = config.base_path / "videos" / VIDEO
    await storage.save_video(save_request(stage(config)))
    before = listed(folder), (folder / f"{VIDEO}.mp4").read_bytes()
    request = save_request(stage(config, media=b"new media"))
    refuses = getattr(Path, operation)

    def refusing(path: Path, *arguments: Any, **options: Any) -> Any:
        if "trash" in path.parts or any("trash" in str(each) for each in arguments):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return refuses(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, operation, refusing)
        with pytest.raises(DiskFull):
            await storage.save_video(request)
    assert (listed(folder), (folder / f"{VIDEO}.mp4").read_bytes()) == before
    assert (await storage.video_exists(VIDEO)).exists
    await storage.save_video(request)
    assert (folder / f"{VIDEO}.mp4").read_bytes() == b"new media"
