"""What a user creates in a view's folder stays, and a view never leads out of its folder."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.storage.samples import VIDEO, listed, metadata
from tests.unit.storage.views.test_views import FILES, shown, store, sync, views_of
from ytarchive.common.config import StorageConfig
from ytarchive.storage import AddView, LinkMethod, SaveMetadata, ViewPolicy
from ytarchive.storage.service import StorageService


@pytest.fixture
async def storage(config: StorageConfig) -> AsyncIterator[StorageService]:
    """An archive with one video."""
    service = await StorageService.open(config)
    await store(service, config, VIDEO)
    yield service
    await service.close()


async def rename(storage: StorageService, title: str) -> None:
    await storage.save_metadata(SaveMetadata(metadata=metadata(VIDEO, title)))
    await sync(storage)


async def test_empty_folders_of_a_user_stay_and_those_of_the_view_are_removed(
    storage: StorageService, config: StorageConfig
) -> None:
    await sync(storage)
    folders = [config.base_path / "library" / name for name in ("mine", "A channel/mine", "a/b")]
    for folder in folders:
        folder.mkdir(parents=True)
    await rename(storage, "Renamed")
    assert all(folder.is_dir() for folder in folders)
    renamed = metadata(VIDEO).model_copy(update={"channel_title": "New"})
    folders[1].rmdir()
    await storage.save_metadata(SaveMetadata(metadata=renamed))
    await sync(storage)
    assert not (config.base_path / "library" / "A channel").exists()
    assert folders[0].is_dir()
    assert folders[2].is_dir()


async def test_a_folder_of_a_user_that_the_view_filled_stays_when_it_is_empty_again(
    config: StorageConfig,
) -> None:
    """Folders that the view created there are removed."""
    storage = await StorageService.open(config)
    view = AddView(name="own", policy=ViewPolicy.CUSTOM, template="{channel}/{year}/{title} [{id}]")
    await views_of(storage).add_view(view)
    channel = config.base_path / "own" / "A channel"
    channel.mkdir(parents=True)
    await store(storage, config, VIDEO)
    await sync(storage, "own")
    assert (channel / "2009").is_dir()
    renamed = metadata(VIDEO).model_copy(update={"channel_title": "New"})
    await storage.save_metadata(SaveMetadata(metadata=renamed))
    await sync(storage, "own")
    assert list(channel.iterdir()) == []
    await views_of(storage).remove_view("own")
    assert [path.name for path in (config.base_path / "own").iterdir()] == ["A channel"]
    await storage.close()


async def test_a_folder_of_a_view_that_existed_before_it_stays_when_it_is_removed(
    storage: StorageService, config: StorageConfig
) -> None:
    (config.base_path / "mine").mkdir()
    await views_of(storage).add_view(AddView(name="mine", policy=ViewPolicy.LIBRARY))
    await sync(storage, "mine")
    await views_of(storage).remove_view("mine")
    assert listed(config.base_path / "mine") == []


async def test_a_folder_that_became_empty_before_a_crash_is_removed(
    storage: StorageService, config: StorageConfig
) -> None:
    await sync(storage)
    channel = config.base_path / "library" / "A channel"
    for path in FILES:
        (config.base_path / "library" / path).unlink()
    (channel / ".ytarchive-unfinished-0123").touch()
    renamed = metadata(VIDEO).model_copy(update={"channel_title": "New"})
    await storage.save_metadata(SaveMetadata(metadata=renamed))
    await sync(storage)
    assert not channel.exists()


@pytest.mark.parametrize("policy", ["library", "media-server"])
async def test_a_link_in_the_place_of_a_folder_is_not_followed(
    storage: StorageService, config: StorageConfig, tmp_path: Path, policy: str
) -> None:
    """Nothing is created, deleted or replaced where the link leads."""
    if policy == "media-server":
        await views_of(storage).add_view(AddView(name="tv", policy=ViewPolicy.MEDIA_SERVER))
    view = {"library": "library", "media-server": "tv"}[policy]
    await sync(storage, view)
    folder, outside = config.base_path / view / "A channel", tmp_path / "outside"
    folder.rename(outside)
    (outside / ".ytarchive-unfinished-0123").touch()
    folder.symlink_to(outside)
    before = {path: os.lstat(outside / path).st_ino for path in listed(outside)}
    report = await sync(storage, view)
    assert report.foreign_paths == ["A channel"]
    assert (report.created, report.removed, len(report.blocked) > 2) == (0, 0, True)
    await storage.save_metadata(SaveMetadata(metadata=metadata(VIDEO, "Renamed")))
    await sync(storage, view)
    await views_of(storage).remove_view(view)
    assert {path: os.lstat(outside / path).st_ino for path in listed(outside)} == before
    assert folder.is_symlink()


async def test_a_link_in_the_place_of_the_marker_is_replaced_and_not_followed(
    storage: StorageService, config: StorageConfig, tmp_path: Path
) -> None:
    await sync(storage)
    marker = config.base_path / "library" / ".ytarchive-view"
    mine = tmp_path / "mine"
    mine.write_text("mine")
    marker.unlink()
    marker.symlink_to(mine)
    await sync(storage)
    assert mine.read_text() == "mine"
    assert not marker.is_symlink()
    assert shown(config) == FILES


@pytest.mark.parametrize("method", [LinkMethod.HARDLINK, LinkMethod.SYMLINK, LinkMethod.COPY])
async def test_the_method_is_known_again_after_the_record_was_lost(
    config: StorageConfig, monkeypatch: pytest.MonkeyPatch, method: LinkMethod
) -> None:
    refused = {
        LinkMethod.HARDLINK: (),
        LinkMethod.SYMLINK: ("link_hard",),
        LinkMethod.COPY: ("link_hard", "link_symbolic"),
    }
    for name in refused[method]:
        monkeypatch.setattr(f"ytarchive.storage.views.making.{name}", _cross_device)
    storage = await StorageService.open(config)
    await store(storage, config, VIDEO)
    await views_of(storage).add_view(
        AddView(name="own", policy=ViewPolicy.LIBRARY, allow_copy=True)
    )
    await sync(storage, "own")
    await storage.close()
    (config.state_path / "views.db").unlink()
    storage = await StorageService.open(config)
    report = await sync(storage, "own")
    assert (report.created, report.foreign, report.method) == (0, 0, method)
    views = {each.name: each for each in (await views_of(storage).list_views()).views}
    assert views["own"].method is method
    await storage.close()


def _cross_device(*_: object, **__: object) -> None:
    raise OSError(18, "Invalid cross-device link")
