"""Views are created from the library, follow its changes, and leave other files alone."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.disks import mounted
from tests.unit.storage.samples import (
    MEDIA,
    OTHER,
    VIDEO,
    listed,
    metadata,
    playlist,
    registered_files,
    save_request,
    stage,
)
from tests.unit.storage.test_verify import ended
from ytarchive.common import filesystem
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import (
    Conflict,
    FileFailure,
    FolderNotAllowed,
    InvalidRequest,
    NotFound,
    PathOutsideArchive,
    ViewConflict,
)
from ytarchive.common.media import PlaylistVideo
from ytarchive.storage import (
    AddView,
    LinkMethod,
    SaveMetadata,
    SavePlaylist,
    SyncView,
    ViewPolicy,
    ViewsAPI,
    ViewSync,
    rebuild_library,
)
from ytarchive.storage.service import StorageService
from ytarchive.storage.views.records import Facts
from ytarchive.storage.views.service import ViewsService

STEM = f"2009-10-25 A title [{VIDEO}]"
FILES = [f"A channel/{STEM}.en.vtt", f"A channel/{STEM}.jpg", f"A channel/{STEM}.mp4"]


@pytest.fixture
async def storage(config: StorageConfig) -> AsyncIterator[StorageService]:
    """An archive with one video."""
    service = await StorageService.open(config)
    await store(service, config, VIDEO)
    yield service
    await service.close()


async def store(
    storage: StorageService,
    config: StorageConfig,
    video_id: str,
    title: str = "A title",
    **more: str,
) -> None:
    described = metadata(video_id, title).model_copy(update=more)
    await storage.save_metadata(SaveMetadata(metadata=described))
    await storage.save_video(
        save_request(stage(config, video_id, MEDIA + video_id.encode()), video_id)
    )


def views_of(storage: StorageService) -> ViewsService:
    views = storage.subjects()[ViewsAPI]
    assert isinstance(views, ViewsService)
    return views


async def sync(
    storage: StorageService, name: str = "library", *, dry_run: bool = False
) -> ViewSync:
    return await views_of(storage).sync_view(name, SyncView(dry_run=dry_run))


def shown(config: StorageConfig, name: str = "library") -> list[str]:
    found = listed(config.base_path / name)
    return [each for each in found if each != ".ytarchive-view"]


async def test_a_new_archive_shows_its_videos_by_channel(
    storage: StorageService, config: StorageConfig
) -> None:
    report = await sync(storage)
    assert shown(config) == FILES
    assert (report.created, report.method) == (3, LinkMethod.HARDLINK)
    media = config.base_path / "library" / FILES[2]
    assert media.samefile(config.base_path / "videos" / VIDEO / f"{VIDEO}.mp4")
    [view] = (await views_of(storage).list_views()).views
    assert (view.name, view.entries, view.pending, view.method) == (
        "library", 3, 0, LinkMethod.HARDLINK,
    )  # fmt: skip


async def test_a_stored_video_appears_without_a_synchronisation(
    storage: StorageService, config: StorageConfig
) -> None:
    await views_of(storage).update()
    assert shown(config) == FILES
    await store(storage, config, OTHER, "Another")
    await storage.close()
    assert f"A channel/2009-10-25 Another [{OTHER}].mp4" in shown(config)


async def test_a_second_synchronisation_changes_nothing(
    storage: StorageService, config: StorageConfig
) -> None:
    await sync(storage)
    before = {path: os.lstat(config.base_path / "library" / path).st_ctime_ns for path in FILES}
    report = await sync(storage)
    assert (report.created, report.replaced, report.removed, report.unchanged) == (0, 0, 0, 3)
    assert before == {
        path: os.lstat(config.base_path / "library" / path).st_ctime_ns for path in FILES
    }


async def test_deleted_links_and_folders_are_created_again(
    storage: StorageService, config: StorageConfig
) -> None:
    await sync(storage)
    (config.base_path / "library" / FILES[2]).unlink()
    assert (await sync(storage, dry_run=True)).created == 1
    assert shown(config) == FILES[:2]
    assert (await sync(storage)).created == 1
    assert shown(config) == FILES
    for path in FILES:
        (config.base_path / "library" / path).unlink()
    (config.base_path / "library" / "A channel").rmdir()
    assert (await sync(storage)).created == 3
    assert shown(config) == FILES


async def test_a_new_title_renames_the_files_of_the_view_and_nothing_else(
    storage: StorageService, config: StorageConfig
) -> None:
    await sync(storage)
    stored = registered_files(config)
    await storage.save_metadata(SaveMetadata(metadata=metadata(VIDEO, "Renamed")))
    report = await sync(storage)
    assert shown(config) == [path.replace("A title", "Renamed") for path in FILES]
    assert (report.created, report.removed) == (3, 3)
    assert {k: v for k, v in registered_files(config).items() if "metadata" not in k} == {
        k: v for k, v in stored.items() if "metadata" not in k
    }


async def test_a_new_name_of_a_channel_renames_its_folder(
    storage: StorageService, config: StorageConfig
) -> None:
    await store(storage, config, OTHER, "Another")
    await sync(storage)
    renamed = metadata(OTHER, "Another").model_copy(update={"channel_title": "New name"})
    await storage.save_metadata(SaveMetadata(metadata=renamed))
    await sync(storage)
    assert {path.split("/")[0] for path in shown(config)} == {"New name"}
    assert len(shown(config)) == 6


async def test_channels_of_one_name_have_folders_of_their_own(
    storage: StorageService, config: StorageConfig
) -> None:
    await sync(storage)
    other = "UCotherotherotherotherot"
    await store(storage, config, OTHER, "Another", channel_id=other, channel_title="a CHANNEL")
    await sync(storage)
    assert {path.split("/")[0] for path in shown(config)} == {"A channel", f"a CHANNEL [{other}]"}


async def test_videos_whose_names_differ_only_in_case_are_both_shown(
    storage: StorageService, config: StorageConfig
) -> None:
    same = VIDEO.swapcase()
    await store(storage, config, same)
    await sync(storage)
    names = [path for path in shown(config) if path.endswith(".mp4")]
    assert len({name.lower() for name in names}) == 2


async def test_files_of_other_origin_are_never_changed(
    storage: StorageService, config: StorageConfig
) -> None:
    folder = config.base_path / "library" / "A channel"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{STEM}.mp4").write_bytes(b"mine")
    (folder / "note.txt").write_bytes(b"mine too")
    report = await sync(storage)
    assert (folder / f"{STEM}.mp4").read_bytes() == b"mine"
    assert report.blocked == [FILES[2]]
    assert sorted(report.foreign_paths) == sorted([FILES[2], "A channel/note.txt"])
    await storage.save_metadata(SaveMetadata(metadata=metadata(VIDEO, "Renamed")))
    await sync(storage)
    assert (folder / f"{STEM}.mp4").read_bytes() == b"mine"
    await views_of(storage).remove_view("library")
    assert shown(config) == [FILES[2], "A channel/note.txt"]


async def test_an_edited_copy_is_left_alone(storage: StorageService, config: StorageConfig) -> None:
    await sync(storage)
    path = config.base_path / "library" / FILES[0]
    path.unlink()
    path.write_text("edited")
    report = await sync(storage)
    assert path.read_text() == "edited"
    assert report.foreign_paths == [FILES[0]]


async def test_a_synchronisation_after_a_crash_completes_the_view(
    storage: StorageService, config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are written before the files: neither half a file nor an unknown one remains."""
    with monkeypatch.context() as patch:
        patch.setattr("ytarchive.storage.views.repository.Records.save", _end_of_the_process)
        with pytest.raises(KeyError):
            await sync(storage)
    assert shown(config) == FILES
    leftover = config.base_path / "library" / "A channel" / ".ytarchive-unfinished-0123"
    leftover.write_bytes(b"part")
    await storage.save_metadata(SaveMetadata(metadata=metadata(VIDEO, "Renamed")))
    report = await sync(storage)
    assert shown(config) == [path.replace("A title", "Renamed") for path in FILES]
    assert report.foreign == 0


async def _end_of_the_process(*_: object) -> None:
    raise KeyError("represents the end of the process")


async def test_the_view_is_the_same_after_its_record_and_the_library_were_lost(
    storage: StorageService, config: StorageConfig
) -> None:
    await views_of(storage).add_view(AddView(name="lists", policy=ViewPolicy.PLAYLISTS))
    await sync(storage)
    await storage.close()
    for name in ("views.db", "library.db"):
        (config.state_path / name).unlink()
    await rebuild_library(config)
    again = await StorageService.open(config)
    assert [each.name for each in (await views_of(again).list_views()).views] == [
        "library",
        "lists",
    ]
    report = await sync(again)
    assert (report.created, report.foreign, shown(config)) == (0, 0, FILES)
    await again.close()


async def test_playlists_are_shown_in_their_order(
    storage: StorageService, config: StorageConfig
) -> None:
    await store(storage, config, OTHER, "Another")
    listing = playlist("PLxxxxxxxxxxxxxxxx").model_copy(
        update={
            "title": "A: list",
            "videos": [
                PlaylistVideo(video_id=OTHER, position=0),
                PlaylistVideo(video_id="AAAAAAAAAAA", position=1),
                PlaylistVideo(video_id=VIDEO, position=2),
            ],
        }
    )
    await storage.save_playlist(SavePlaylist(playlist=listing))
    await views_of(storage).add_view(AddView(name="lists", policy=ViewPolicy.PLAYLISTS))
    await sync(storage, "lists")
    assert [path for path in shown(config, "lists") if path.endswith(".mp4")] == [
        f"A\uff1a list/001 Another [{OTHER}].mp4",
        f"A\uff1a list/003 A title [{VIDEO}].mp4",
    ]
    reversed_ = listing.model_copy(update={"videos": listing.videos[:1]})
    await storage.save_playlist(SavePlaylist(playlist=reversed_))
    await sync(storage, "lists")
    assert len(shown(config, "lists")) == 3


async def test_a_template_names_folders_and_files(
    storage: StorageService, config: StorageConfig
) -> None:
    view = AddView(
        name="mine",
        policy=ViewPolicy.CUSTOM,
        path="by year",
        template="{year}/{channel} - {title} [{id}]",
    )
    await views_of(storage).add_view(view)
    await sync(storage, "mine")
    assert shown(config, "by year")[2] == f"2009/A channel - A title [{VIDEO}].mp4"


@pytest.mark.parametrize(
    "template",
    [
        *("{title}", "{nothing} {id}", "../{id}", "/{id}", "{id", "{a.b}{id}", "a:{id}"),
        *("{title}{id}{date}", "a/b/c/{id}", "{id!r}", "{id:>9}", "\x00{id}", " /{id}"),
        "{id}/{title}",
    ],
)
async def test_unsafe_templates_are_refused(storage: StorageService, template: str) -> None:
    view = AddView(name="mine", policy=ViewPolicy.CUSTOM, template=template)
    with pytest.raises(InvalidRequest):
        await views_of(storage).add_view(view)


async def test_refused_folder_of_a_view_has_its_reason(storage: StorageService) -> None:
    view = AddView(name="mine", policy=ViewPolicy.LIBRARY, path="videos/x")
    with pytest.raises(PathOutsideArchive, match="its own folders, as `videos`"):
        await views_of(storage).add_view(view)


@pytest.mark.parametrize(
    "path", [".", "..", "videos", "videos/x", "metadata/x", ".ytarchive/x", "/tmp/x", "library/x"]
)
async def test_folders_of_the_archive_are_refused(storage: StorageService, path: str) -> None:
    view = AddView(name="mine", policy=ViewPolicy.LIBRARY, path=path)
    with pytest.raises((PathOutsideArchive, FolderNotAllowed, Conflict)):
        await views_of(storage).add_view(view)


@pytest.mark.parametrize(("name", "path"), [("library", "other"), ("other", "library/x")])
async def test_conflict_with_another_view_says_what_to_choose(
    storage: StorageService, name: str, path: str
) -> None:
    with pytest.raises(ViewConflict, match="view library") as raised:
        await views_of(storage).add_view(AddView(name=name, policy=ViewPolicy.LIBRARY, path=path))
    assert "another name or an empty folder" in raised.value.remedy


async def test_a_view_on_another_file_system_has_symbolic_links_or_copies(
    config: StorageConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cross_device(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    outside = tmp_path / "other disk"
    outside.mkdir()
    config = config.model_copy(update={"allowed_roots": [outside]})
    storage = await StorageService.open(config)
    await store(storage, config, VIDEO)
    monkeypatch.setattr("ytarchive.storage.views.making.link_hard", cross_device)
    views = views_of(storage)
    await views.add_view(AddView(name="far", policy=ViewPolicy.LIBRARY, path=str(outside / "view")))
    assert (await sync(storage, "far")).method is LinkMethod.SYMLINK
    assert (
        outside / "view" / FILES[2]
    ).readlink() == config.base_path / f"videos/{VIDEO}/{VIDEO}.mp4"
    monkeypatch.setattr("ytarchive.storage.views.making.link_symbolic", cross_device)
    copied = AddView(
        name="copies", policy=ViewPolicy.LIBRARY, path=str(outside / "copy"), allow_copy=True
    )
    await views.add_view(copied)
    assert (await sync(storage, "copies")).method is LinkMethod.COPY
    assert not (outside / "copy" / FILES[2]).is_symlink()
    assert (await sync(storage, "copies")).unchanged == 3
    await storage.close()


async def test_a_removed_view_leaves_the_archive_as_it_is(
    storage: StorageService, config: StorageConfig
) -> None:
    await sync(storage)
    before = registered_files(config)
    removed = await views_of(storage).remove_view("library")
    assert removed.removed == 3
    assert not (config.base_path / "library").exists()
    assert registered_files(config) == before
    assert (await views_of(storage).list_views()).views == []
    with pytest.raises(NotFound, match="views: none"):
        await sync(storage)
    await storage.close()
    again = await StorageService.open(config)
    assert (await views_of(again).list_views()).views == []
    await again.close()


async def test_stored_files_are_read_only_so_that_no_link_changes_them(
    storage: StorageService, config: StorageConfig
) -> None:
    await sync(storage)
    modes = {oct((config.base_path / "library" / path).stat().st_mode & 0o777) for path in FILES}
    assert modes == {"0o444"}


async def test_videos_are_not_stored_in_a_view(
    storage: StorageService, config: StorageConfig
) -> None:
    await sync(storage)
    staged = stage(config, OTHER)
    for place in ("library", "library/A channel"):
        with pytest.raises(PathOutsideArchive):
            await storage.save_video(save_request(staged, OTHER, place))


async def test_a_file_that_was_edited_through_its_link_is_replaced_with_the_repaired_one(
    storage: StorageService, config: StorageConfig
) -> None:
    await sync(storage)
    link, before = config.base_path / "library" / FILES[2], stored_media(config).read_bytes()
    with link.open("r+b") as file:
        file.write(b"edited")
    os.utime(link)
    await ended(storage, quarantine=True)
    await sync(storage)
    assert shown(config) == []
    await store(storage, config, VIDEO)
    await sync(storage)
    assert shown(config) == FILES
    assert (link.read_bytes(), link.samefile(stored_media(config))) == (before, True)


async def test_a_repaired_file_with_the_same_content_is_shown(
    storage: StorageService, config: StorageConfig
) -> None:
    """The link to the damaged file has the identity that was recorded."""
    await sync(storage)
    media = stored_media(config)
    draft = media.with_name("draft")
    draft.write_bytes(media.read_bytes())
    draft.replace(media)
    described = metadata(VIDEO).model_copy(update={"view_count": 7})
    await storage.save_metadata(SaveMetadata(metadata=described))
    await sync(storage)
    assert (config.base_path / "library" / FILES[2]).samefile(media)


async def test_symbolic_links_from_outside_follow_a_moved_archive(
    config: StorageConfig, tmp_path: Path
) -> None:
    with mounted(tmp_path / "disk", "size=4m") as disk:
        allowed = config.model_copy(update={"allowed_roots": (disk,)})
        storage = await StorageService.open(allowed)
        await store(storage, config, VIDEO)
        await views_of(storage).add_view(
            AddView(name="links", policy=ViewPolicy.LIBRARY, path=str(disk / "links"))
        )
        await sync(storage, "links")
        await storage.close()
        moved = allowed.model_copy(update={"base_path": tmp_path / "moved"})
        config.base_path.rename(moved.base_path)
        storage = await StorageService.open(moved)
        assert (await sync(storage, "links")).replaced == 3
        await storage.close()
        assert (disk / "links" / FILES[2]).samefile(stored_media(moved))


async def test_a_view_whose_disk_is_away_is_removed_and_added_again(
    config: StorageConfig, tmp_path: Path
) -> None:
    disk, away = tmp_path / "disk", tmp_path / "away"
    far = AddView(name="far", policy=ViewPolicy.LIBRARY, path=str(disk / "far"))
    storage = await StorageService.open(config.model_copy(update={"allowed_roots": (tmp_path,)}))
    await store(storage, config, VIDEO)
    await views_of(storage).add_view(far)
    await sync(storage, "far")
    disk.rename(away)
    disk.mkdir()
    with pytest.raises(FileFailure, match="connect its disk"):
        await sync(storage, "far")
    assert (await views_of(storage).remove_view("far")).removed == 0
    assert listed(disk) == []
    disk.rmdir()
    away.rename(disk)
    await views_of(storage).add_view(far)
    report = await sync(storage, "far")
    assert (report.created, report.foreign, report.unchanged) == (0, 0, 3)
    await storage.close()


async def test_a_file_in_the_place_of_a_folder_does_not_affect_other_folders(
    storage: StorageService, config: StorageConfig
) -> None:
    channel = config.base_path / "library" / "A channel"
    channel.parent.mkdir(exist_ok=True)
    channel.write_text("mine")
    await store(storage, config, OTHER, "Other", channel_id="UC" + "b" * 22, channel_title="B")
    report = await sync(storage)
    assert sorted(report.blocked) == FILES
    assert channel.read_text() == "mine"
    assert f"B/2009-10-25 Other [{OTHER}].mp4" in shown(config)
    channel.unlink()
    await sync(storage)
    assert set(FILES) < set(shown(config))


async def test_a_folder_in_the_place_of_a_file_is_reported(
    storage: StorageService, config: StorageConfig
) -> None:
    await sync(storage)
    place = config.base_path / "library" / FILES[2]
    place.unlink()
    place.mkdir()
    (place / "mine").touch()
    assert FILES[2] in (await sync(storage)).foreign_paths
    assert (place / "mine").exists()


async def test_files_are_counted_once(storage: StorageService, config: StorageConfig) -> None:
    report = await sync(storage)
    assert (report.created, report.unchanged) == (3, 0)


def test_inode_numbers_of_network_file_systems_can_be_recorded(tmp_path: Path) -> None:
    found = list(tmp_path.stat())
    found[1] = 2**64 - 2
    assert Facts.of(os.stat_result(found)).inode < 2**63


async def test_copies_on_a_disk_with_rounded_times_are_recognised_after_it_is_mounted_again(
    config: StorageConfig, tmp_path: Path
) -> None:
    """FAT and exFAT round times, and give other inode numbers with each mount."""
    with mounted(tmp_path / "disk", "size=4m") as disk:
        storage = await StorageService.open(config.model_copy(update={"allowed_roots": (disk,)}))
        await store(storage, config, VIDEO)
        path = str(disk / "far")
        await views_of(storage).add_view(
            AddView(
                name="far", policy=ViewPolicy.CUSTOM, template="{id}", path=path, allow_copy=True
            )
        )
        await sync(storage, "far")
        for link in [each for each in (disk / "far").iterdir() if each.is_symlink()]:
            copied = link.read_bytes(), link.stat().st_mtime_ns
            link.unlink()
            link.write_bytes(copied[0])
            rounded = copied[1] - copied[1] % 2_000_000_000
            os.utime(link, ns=(rounded, rounded))
        report = await sync(storage, "far")
        assert (report.foreign, report.unchanged) == (0, 3)
        assert (await views_of(storage).remove_view("far")).removed == 3
        assert not (disk / "far").exists()
        await storage.close()


def stored_media(config: StorageConfig) -> Path:
    return config.base_path / "videos" / VIDEO / f"{VIDEO}.mp4"


@pytest.mark.parametrize("kind", ["FIFO", "folder", "link"])
async def test_what_replaced_a_stored_file_is_not_shown_and_blocks_nothing(
    storage: StorageService, config: StorageConfig, tmp_path: Path, kind: str
) -> None:
    media = config.base_path / "videos" / VIDEO / f"{VIDEO}.mp4"
    media.unlink()
    if kind == "FIFO":
        os.mkfifo(media)
    elif kind == "folder":
        media.mkdir()
    else:
        media.symlink_to(tmp_path / "outside")
        (tmp_path / "outside").write_bytes(MEDIA)
    await asyncio.wait_for(sync(storage), 60)
    assert shown(config) == FILES[:2]
    media_name = config.base_path / "library" / FILES[2]
    assert filesystem.status(media_name, follow=False) is None
