"""The removal of videos and its undoing, in process and over HTTP."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.contract.conftest import Reach
from tests.unit.storage.samples import (
    LACKING,
    OTHER,
    VIDEO,
    content,
    files_on_disk,
    listed,
    metadata,
    playlist,
    registered_files,
    save_request,
    sha256sum_accepts,
    stage,
)
from tests.unit.storage.test_verify import ended, found
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import Conflict, FileFailure, InvalidRequest, NotFound, VideoRemoved
from ytarchive.common.media import PlaylistVideo
from ytarchive.common.profile import ArchiveProfile
from ytarchive.jobs import CreateJob
from ytarchive.jobs.repairing.service import RepairService
from ytarchive.maintenance import back_up, restore
from ytarchive.storage import (
    Access,
    EmptyTrash,
    ExistsRequest,
    KnownVideos,
    MarkedVideo,
    MarksAPI,
    MarksQuery,
    Removed,
    RemoveVideos,
    RestoreItem,
    SaveMetadata,
    SavePlaylist,
    SaveVideo,
    TrashAPI,
    TrashQuery,
    VideoMarks,
    open_identity,
    rebuild_library,
)
from ytarchive.storage.service import StorageService

PROFILE = ArchiveProfile(include_captions=True, caption_languages=["en", "de"])


@dataclass
class Site:
    """An archive with its trash and marks, as callers use them."""

    storage: StorageService
    trash: TrashAPI
    config: StorageConfig

    @property
    def marks(self) -> MarksAPI:
        return cast("MarksAPI", self.storage.subjects()[MarksAPI])

    @property
    def own_trash(self) -> TrashAPI:
        return cast("TrashAPI", self.storage.subjects()[TrashAPI])

    @property
    def metadata(self) -> Path:
        return self.config.base_path / "metadata" / "videos" / f"{VIDEO}.json"

    @property
    def folder(self) -> Path:
        return self.config.base_path / "videos" / VIDEO

    async def store(self, video_id: str = VIDEO) -> None:
        await self.storage.save_metadata(SaveMetadata(metadata=metadata(video_id)))
        request = save_request(stage(self.config, video_id), video_id)
        known = {"profile": PROFILE, "missing": LACKING}
        await self.storage.save_video(request.model_copy(update=known))

    async def remove(self, *video_ids: str, keep_metadata: bool = False) -> Removed:
        request = RemoveVideos(video_ids=list(video_ids), keep_metadata=keep_metadata)
        return await self.trash.remove_videos(request)

    async def reopen(self) -> None:
        await self.storage.close()
        self.storage = await StorageService.open(self.config)
        self.trash = self.own_trash


@pytest.fixture
async def site(reach: Reach[Any], tmp_path: Path) -> AsyncIterator[Site]:
    config = StorageConfig(base_path=tmp_path / "archive")
    storage = await StorageService.open(config)
    trash = cast("TrashAPI", await reach(TrashAPI, storage.subjects()[TrashAPI]))
    site = Site(storage, trash, config)
    yield site
    await site.storage.close()


async def test_removed_video_is_in_the_trash_and_marked(site: Site) -> None:
    await site.store()
    before = files_on_disk(site.config, "videos", "metadata/videos")
    [removed] = (await site.remove(f"https://youtu.be/{VIDEO}")).videos
    assert (removed.video_id, removed.error, removed.files) == (VIDEO, None, len(before))
    assert removed.size_bytes == sum(size for size, _ in before.values())
    [item] = (await site.trash.list_trash(TrashQuery(video_id=VIDEO))).items
    assert (removed.items, item.reason, item.quality) == ([item.id], "removed", "720p")
    assert {file.path for file in item.files} == set(before)
    assert not site.folder.exists()
    assert not site.metadata.exists()
    assert registered_files(site.config) == {}
    assert not (await site.storage.video_exists(VIDEO)).exists
    assert (await site.marks.get_marks(VIDEO)).removed
    stats = await site.storage.get_stats()
    assert (stats.total_videos, stats.total_metadata, stats.total_files) == (0, 0, 0)
    assert await found(site.storage) == {}


async def test_restored_video_is_as_before_with_metadata_and_profile(site: Site) -> None:
    await site.store()
    before = files_on_disk(site.config, "videos", "metadata/videos")
    was = (await site.storage.video_exists(VIDEO)).location
    [removed] = (await site.remove(VIDEO)).videos
    restored = await site.trash.restore_from_trash(removed.items[0], RestoreItem())
    assert set(restored.files) == set(before)
    now = (await site.storage.video_exists(VIDEO)).location
    assert was is not None
    assert now is not None
    assert now.model_copy(update={"stored_at": was.stored_at}) == was
    assert files_on_disk(site.config, "videos", "metadata/videos").keys() == before.keys()
    assert registered_files(site.config) == files_on_disk(site.config, "videos", "metadata/videos")
    assert sha256sum_accepts(site.folder)
    assert await site.storage.get_metadata(VIDEO) == metadata()
    assert not (await site.marks.get_marks(VIDEO)).removed
    assert listed(site.config.base_path / ".ytarchive" / "trash") == []
    await ended(site.storage)
    assert await found(site.storage) == {}


async def test_kept_metadata_stays_registered_and_findable(site: Site) -> None:
    await site.store()
    [removed] = (await site.remove(VIDEO, keep_metadata=True)).videos
    assert await site.storage.get_metadata(VIDEO) == metadata()
    assert registered_files(site.config) == files_on_disk(site.config, "metadata/videos") != {}
    await site.trash.restore_from_trash(removed.items[0], RestoreItem())
    assert (await site.storage.video_exists(VIDEO)).exists


async def test_newer_metadata_stays_and_the_restored_is_in_its_history(site: Site) -> None:
    await site.store()
    [removed] = (await site.remove(VIDEO)).videos
    newer = metadata(title="A new title")
    await site.storage.save_metadata(SaveMetadata(metadata=newer))
    await site.trash.restore_from_trash(removed.items[0], RestoreItem())
    assert await site.storage.get_metadata(VIDEO) == newer
    history = site.config.base_path / "metadata" / "history" / f"{VIDEO}.jsonl"
    assert "A title" in history.read_text()


async def test_one_refused_video_does_not_prevent_the_others(site: Site) -> None:
    await site.store()
    await site.store(OTHER)
    await site.marks.set_marks(OTHER, VideoMarks(keep=True, episode=4))
    unknown = "x" * 11
    removed = (await site.remove(OTHER, unknown, VIDEO, VIDEO)).videos
    assert [each.video_id for each in removed] == [OTHER, unknown, VIDEO]
    kept, absent, done = removed
    assert kept.error is not None
    assert kept.error.code == "E014"
    assert f"ytarchive marks set {OTHER} --no-keep" in kept.error.message
    assert absent.error is not None
    assert absent.error.code == "E013"
    assert done.error is None
    assert (await site.storage.video_exists(OTHER)).exists
    await site.marks.set_marks(OTHER, VideoMarks(episode=4))
    assert (await site.remove(OTHER)).videos[0].error is None
    assert await site.marks.get_marks(OTHER) == MarkedVideo(video_id=OTHER, removed=True, episode=4)


async def test_video_whose_folder_is_missing_is_removed_and_marked(site: Site) -> None:
    await site.store()
    shutil.rmtree(site.folder)
    [removed] = (await site.remove(VIDEO)).videos
    assert (removed.error, removed.files) == (None, 1)  # its metadata
    assert (await site.marks.get_marks(VIDEO)).removed
    assert (await site.storage.get_stats()).total_videos == 0
    assert registered_files(site.config) == {}
    await ended(site.storage)
    assert await found(site.storage) == {}
    await site.trash.restore_from_trash(removed.items[0], RestoreItem())
    assert await site.storage.get_metadata(VIDEO) == metadata()


async def test_removed_and_restored_video_keeps_its_place_in_a_playlist(site: Site) -> None:
    await site.store()
    entries = [PlaylistVideo(video_id=each, position=n) for n, each in enumerate((OTHER, VIDEO))]
    listed_videos = playlist("PLx").model_copy(update={"videos": entries})
    await site.storage.save_playlist(SavePlaylist(playlist=listed_videos))
    file = site.config.base_path / "metadata" / "playlists" / "PLx.json"
    before = file.read_bytes()
    [removed] = (await site.remove(VIDEO)).videos
    assert file.read_bytes() == before
    await site.trash.restore_from_trash(removed.items[0], RestoreItem())
    assert file.read_bytes() == before


async def test_second_removal_finds_nothing_to_do(site: Site) -> None:
    await site.store()
    await site.remove(VIDEO)
    [again] = (await site.remove(VIDEO)).videos
    assert (again.error, again.items, again.files) == (None, [], 0)
    assert len((await site.trash.list_trash(TrashQuery())).items) == 1


async def test_damaged_marks_are_not_overwritten_by_a_removal(site: Site) -> None:
    await site.store()
    marks = site.config.base_path / "metadata" / "marks" / f"{VIDEO}.json"
    marks.write_text("{")
    [refused] = (await site.remove(VIDEO)).videos
    assert refused.error is not None
    assert refused.error.code == FileFailure.code
    assert marks.read_text() == "{"
    assert (await site.storage.video_exists(VIDEO)).exists


async def test_request_without_ids_or_with_too_many_is_refused(site: Site) -> None:
    with pytest.raises((InvalidRequest, ValueError)):
        await site.remove()
    with pytest.raises((InvalidRequest, ValueError)):
        await site.remove(*(f"video{n:06}" for n in range(101)))


async def test_foreign_file_stays_in_its_place(site: Site) -> None:
    await site.store()
    (site.folder / "notes.txt").write_text("mine")
    await site.remove(VIDEO)
    assert listed(site.folder) == ["notes.txt"]


async def test_registration_in_place_is_removed_and_restored(site: Site) -> None:
    folder = site.config.base_path / "videos" / "by hand"
    folder.mkdir()
    for video_id in (VIDEO, OTHER):
        (folder / f"{video_id}.mp4").write_bytes(b"film")
        path = f"videos/by hand/{video_id}.mp4"
        await site.storage.save_video(SaveVideo(video_id=video_id, video_path=path))
    [removed] = (await site.remove(VIDEO)).videos
    note = site.config.base_path / "metadata" / "registered" / f"{VIDEO}.json"
    assert not note.exists()
    assert listed(folder) == [f"{OTHER}.mp4"]
    await site.storage.close()
    assert (await rebuild_library(site.config)).problems == 0
    site.storage = await StorageService.open(site.config)
    await site.own_trash.restore_from_trash(removed.items[0], RestoreItem())
    location = (await site.storage.video_exists(VIDEO)).location
    assert location is not None
    assert content(location.video_path) == b"film"
    assert note.exists()


async def test_download_of_a_removed_video_clears_the_mark_once_it_is_stored(site: Site) -> None:
    await site.store()
    await site.remove(VIDEO)
    await site.storage.save_metadata(SaveMetadata(metadata=metadata()))
    assert (await site.marks.get_marks(VIDEO)).removed
    with pytest.raises(NotFound):
        await site.storage.save_video(SaveVideo(video_id=VIDEO, transfer_id=VIDEO))
    assert (await site.marks.get_marks(VIDEO)).removed
    await site.store()
    assert not (await site.marks.get_marks(VIDEO)).removed


async def test_download_that_began_before_the_removal_is_not_stored_unless_it_may(
    site: Site,
) -> None:
    await site.store()
    await site.remove(VIDEO)
    request = save_request(stage(site.config)).model_copy(update={"unless_removed": True})
    with pytest.raises(VideoRemoved, match="is not stored"):
        await site.storage.save_video(request)
    assert (await site.marks.get_marks(VIDEO)).removed
    assert not site.folder.exists()
    await site.storage.save_video(request.model_copy(update={"unless_removed": False}))
    assert not (await site.marks.get_marks(VIDEO)).removed
    assert (await site.storage.video_exists(VIDEO)).exists


async def test_stored_video_cannot_be_marked_as_removed(site: Site) -> None:
    await site.store()
    with pytest.raises(Conflict, match=f"`ytarchive storage remove {VIDEO}`"):
        await site.marks.set_marks(VIDEO, VideoMarks(removed=True))
    assert not (await site.marks.get_marks(VIDEO)).removed


async def test_rebuild_keeps_the_mark_and_the_item(site: Site) -> None:
    await site.store()
    await site.store(OTHER)
    [removed] = (await site.remove(VIDEO)).videos
    await site.storage.close()
    rebuilt = await rebuild_library(site.config)
    assert (rebuilt.videos, rebuilt.problems) == (1, 0)
    site.storage = await StorageService.open(site.config)
    assert (await site.marks.get_marks(VIDEO)).removed
    await site.own_trash.restore_from_trash(removed.items[0], RestoreItem())
    assert (await site.storage.video_exists(VIDEO)).exists
    assert not (await site.marks.get_marks(VIDEO)).removed


async def test_emptied_trash_leaves_the_mark(site: Site) -> None:
    await site.store()
    await site.remove(VIDEO)
    await site.trash.empty_trash(EmptyTrash())
    assert listed(site.config.base_path / ".ytarchive" / "trash") == []
    assert (await site.marks.get_marks(VIDEO)).removed


async def test_removed_and_elsewhere_known_videos_are_named_by_the_question_what_is_stored(
    site: Site,
) -> None:
    await site.store()
    await site.store(OTHER)
    await site.remove(VIDEO)
    third = "abcdefghijk"
    for video_id in (third, OTHER):
        await site.marks.set_marks(video_id, VideoMarks(known_elsewhere="a disc"))
    found = await site.storage.videos_exist(
        ExistsRequest(video_ids=[third, VIDEO, OTHER, "unknown_-12"])
    )
    assert (found.video_ids, found.removed) == ([OTHER], [VIDEO])
    assert found.known_elsewhere == {third: "a disc"}


async def test_restored_backup_does_not_bring_a_removed_video_back(
    site: Site, tmp_path: Path
) -> None:
    await site.store()
    await site.store(OTHER)
    open_identity(site.config, Access.CREATE)
    back_up(site.config, tmp_path / "backups")
    await site.remove(VIDEO)
    await site.storage.close()
    restore(site.config, tmp_path / "backups")
    site.storage = await StorageService.open(site.config)
    asked = await site.storage.videos_exist(ExistsRequest(video_ids=[VIDEO, OTHER]))
    assert (asked.video_ids, asked.removed) == ([OTHER], [VIDEO])
    await ended(site.storage, quarantine=True)
    assert await found(site.storage) == {}
    assert (await site.storage.get_stats()).total_videos == 1
    page = await site.marks.list_marks(MarksQuery(removed=True))
    assert [each.video_id for each in page.items] == [VIDEO]


async def test_restored_backup_has_the_marks_that_were_set_after_it(
    site: Site, tmp_path: Path
) -> None:
    await site.store()
    open_identity(site.config, Access.CREATE)
    names, single = [f"{number:011}" for number in range(3)], "abcdefghijk"
    cleared, lost, damaged = "cleared_001", "lost_marks1", "damaged_001"
    for video_id in (cleared, lost, damaged):
        await site.marks.set_marks(video_id, VideoMarks(keep=True))
    back_up(site.config, tmp_path / "backups")
    await site.marks.set_marks(VIDEO, VideoMarks(keep=True))
    await site.marks.set_marks(single, VideoMarks(known_elsewhere="a disc"))
    await site.marks.mark_known(KnownVideos(video_ids=names, place="a list"))
    await site.marks.set_marks(cleared, VideoMarks())
    await site.storage.close()
    folder = site.config.base_path / "metadata" / "marks"
    (folder / f"{lost}.json").unlink()
    (folder / f"{damaged}.json").write_text("{")
    restore(site.config, tmp_path / "backups")
    site.storage = await StorageService.open(site.config)
    asked = await site.storage.videos_exist(ExistsRequest(video_ids=[single, *names]))
    assert asked.known_elsewhere == {single: "a disc", **dict.fromkeys(names, "a list")}
    kept = [each.video_id for each in (await site.marks.list_marks(MarksQuery(keep=True))).items]
    assert kept == sorted([VIDEO, lost, damaged])
    assert (await site.marks.get_marks(lost)).keep


async def test_repair_does_not_fetch_a_lost_video_that_is_marked_as_removed(site: Site) -> None:
    await site.store()
    await site.store(OTHER)
    shutil.rmtree(site.folder)
    shutil.rmtree(site.folder.with_name(OTHER))
    mark = MarkedVideo(video_id=VIDEO, removed=True).model_dump_json()
    marks = site.config.base_path / "metadata" / "marks"
    (marks / f"{VIDEO}.json").write_text(mark)
    await ended(site.storage, repair=True)
    findings = await found(site.storage)
    assert findings
    assert not [path for path in findings if VIDEO in path]
    queued: list[CreateJob] = []

    async def create_job(request: CreateJob) -> Any:
        queued.append(request)
        return SimpleNamespace(id="a job")

    await RepairService(create_job, site.storage.verifier, None).repair_videos()
    assert [each.video_ids for each in queued] == [[OTHER]]
    asked = await site.storage.videos_exist(ExistsRequest(video_ids=[VIDEO]))
    assert (asked.video_ids, asked.removed) == ([], [VIDEO])
