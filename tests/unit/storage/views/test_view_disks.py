"""Views on file systems of other kinds, and on a full one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.disks import formatted, mounted
from tests.unit.storage.samples import VIDEO, fill, listed
from tests.unit.storage.views.test_views import FILES, shown, store, sync, views_of
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import DiskFull
from ytarchive.storage import AddView, LinkMethod, ViewPolicy
from ytarchive.storage.service import StorageService


@pytest.fixture
def xfs(tmp_path: Path) -> Iterator[Path]:
    """A file system whose files can share blocks."""
    with formatted("xfs", tmp_path / "disk", tmp_path / "image") as folder:
        yield folder


async def test_reflinks_are_recognised_after_the_record_was_lost(xfs: Path) -> None:
    config = StorageConfig(base_path=xfs / "archive")
    storage = await StorageService.open(config)
    await store(storage, config, VIDEO)
    await sync(storage)
    inodes = {path: (config.base_path / "library" / path).stat().st_ino for path in FILES}
    await storage.close()
    (config.state_path / "views.db").unlink()
    storage = await StorageService.open(config)
    report = await sync(storage)
    assert (report.created, report.foreign) == (0, 0)
    [view] = (await views_of(storage).list_views()).views
    assert view.method is LinkMethod.REFLINK
    assert shown(config) == FILES
    assert inodes == {path: (config.base_path / "library" / path).stat().st_ino for path in FILES}
    assert (await views_of(storage).remove_view("library")).removed == 3
    await storage.close()


async def test_a_view_on_a_full_disk_says_so_and_is_completed_when_there_is_space(
    config: StorageConfig, tmp_path: Path
) -> None:
    with mounted(tmp_path / "disk", "size=4m") as disk:
        storage = await StorageService.open(config.model_copy(update={"allowed_roots": (disk,)}))
        await store(storage, config, VIDEO)
        views = views_of(storage)
        filler = disk / "filler"
        fill(filler)
        tv = {"policy": ViewPolicy.MEDIA_SERVER, "path": str(disk / "tv")}
        await views.add_view(AddView(name="tv", **tv))
        with pytest.raises(DiskFull):
            await sync(storage, "tv")
        await views.update()
        found = {view.name: view for view in (await views.list_views()).views}
        assert "full" in (found["tv"].problem or "")
        assert found["library"].problem is None
        assert shown(config) == FILES
        filler.unlink()
        await sync(storage, "tv")
        assert len([path for path in listed(disk / "tv") if VIDEO in path]) == 4
        assert not [path for path in listed(disk / "tv") if "unfinished" in path]
        await storage.close()
