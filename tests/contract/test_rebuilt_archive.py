"""What a rebuild and a restored backup keep: the listings of the API before and after."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from tests.contract.conftest import Reach
from tests.contract.test_adopt import adopted
from tests.unit.storage.foreign_libraries import of_yt_dlp
from tests.unit.storage.samples import (
    MEDIA,
    listed,
    metadata,
    playlist,
    save_request,
    sha256sum_accepts,
    stage,
)
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import NotFound
from ytarchive.common.media import PlaylistMetadata, PlaylistVideo
from ytarchive.common.profile import ArchiveProfile
from ytarchive.maintenance import back_up, restore
from ytarchive.storage import (
    Access,
    AddView,
    AdoptionAPI,
    ExistsRequest,
    ExportAPI,
    ExportFormat,
    ExportQuery,
    KnownVideos,
    MarksAPI,
    MarksQuery,
    RemoveVideos,
    RestoreItem,
    SaveMetadata,
    SavePlaylist,
    StorageAPI,
    SyncView,
    TrashAPI,
    TrashQuery,
    VideoMarks,
    VideoQuery,
    ViewPolicy,
    ViewsAPI,
    WorkPlanQuery,
    WorkPlansAPI,
    open_export,
    open_identity,
    rebuild_library,
)
from ytarchive.storage.service import StorageService

LACKING, KEPT, REMOVED, WITH_METADATA, ELSEWHERE, ADOPTED = (
    f"{name:_<11}" for name in ("lacking", "kept", "removed", "described", "elsewhere", "adopted")
)
ALL = [LACKING, KEPT, REMOVED, WITH_METADATA, ELSEWHERE, ADOPTED]
LIST = "PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf"
PROFILE = ArchiveProfile(include_captions=True, caption_languages=["en", "de"],
                         include_comments=True)  # fmt: skip
VIEWS = ("library", "tv", "own")


@dataclass
class Site:
    """An archive as callers use it; the storage is opened again by the test."""

    config: StorageConfig
    reach: Reach[Any]
    storage: StorageService

    async def of(self, contract: type[Any]) -> Any:
        """Return a contract of the storage, in process or over HTTP."""
        if contract is StorageAPI:
            return await self.reach(StorageAPI, self.storage)
        return await self.reach(contract, self.storage.subjects()[contract])

    async def open_again(self) -> None:
        self.storage = await StorageService.open(self.config)

    async def listings(self) -> dict[str, Any]:
        """Return all that the API lists, without the time of the last view."""
        storage: StorageAPI = await self.of(StorageAPI)
        marks: MarksAPI = await self.of(MarksAPI)
        trash: TrashAPI = await self.of(TrashAPI)
        views: ViewsAPI = await self.of(ViewsAPI)
        plans: WorkPlansAPI = await self.of(WorkPlansAPI)
        for view in VIEWS:
            report = await views.sync_view(view, SyncView())
            assert (report.foreign, report.blocked) == (0, [])
        stats = await storage.get_stats()
        videos = await storage.list_videos(VideoQuery(sort="title"))
        found = {
            "videos": videos,
            "times": [each.stored_at.isoformat() for each in videos.items],
            "files": [await storage.video_exists(each) for each in ALL],
            "asked": await storage.videos_exist(ExistsRequest(video_ids=ALL, profile=PROFILE)),
            "metadata": [await _or_none(storage, each) for each in ALL],
            "marks": await marks.list_marks(MarksQuery()),
            "places": [await marks.get_marks(each) for each in ALL],
            "trash": await trash.list_trash(TrashQuery()),
            "views": (await views.list_views()).views,
            "plans": await plans.list_work_plans(WorkPlanQuery()),
            "totals": stats.model_dump(include={
                "total_videos", "incomplete_videos", "total_metadata", "total_playlists",
                "total_files", "total_size_bytes", "work_plans",
            }),
            "exported": [await self._exported(each) for each in (None, LIST)],
            "trees": {view: _tree(self.config.base_path / view) for view in VIEWS},
        }  # fmt: skip
        return cast("dict[str, Any]", _plain(found))

    async def _exported(self, playlist_id: str | None) -> list[Any]:
        api: ExportAPI = await self.of(ExportAPI)
        query = ExportQuery(format=ExportFormat.JSON, playlist=playlist_id)
        _, parts = await open_export(api, query)
        async with parts:
            videos = json.loads(b"".join([part async for part in parts]))
        by_id = sorted(videos, key=lambda each: str(each["video_id"]))
        return videos if playlist_id else by_id


async def _or_none(storage: StorageAPI, video_id: str) -> Any:
    try:
        return await storage.get_metadata(video_id)
    except NotFound:
        return None


def _tree(view: Path) -> list[str]:
    return [path for path in listed(view) if not Path(path).name.startswith(".")]


def _plain(found: Any) -> Any:
    """Return JSON without the fields that a rebuild derives from the times of files."""
    if hasattr(found, "model_dump"):
        found = found.model_dump(mode="json")
    if isinstance(found, dict):
        times = {"stored_at", "synced_at", "updated_at", "pending"}
        return {key: _plain(value) for key, value in found.items() if key not in times}
    return [_plain(each) for each in found] if isinstance(found, list) else found


def _playlist() -> PlaylistMetadata:
    entries = [PlaylistVideo(video_id=each, position=n) for n, each in enumerate(ALL)]
    return playlist(LIST).model_copy(update={"videos": entries, "video_count": len(entries)})


@pytest.fixture
async def site(reach: Reach[Any], tmp_path: Path) -> AsyncIterator[Site]:
    """An archive with one video of each kind."""
    config = StorageConfig(base_path=tmp_path / "archive", allowed_roots=[tmp_path])
    open_identity(config, Access.CREATE)
    site = Site(config, reach, await StorageService.open(config))
    for number, video_id in enumerate((LACKING, KEPT, REMOVED, WITH_METADATA)):
        day = datetime(2026, 5, 27, number, tzinfo=UTC)
        described = metadata(video_id, f"Title {video_id}").model_copy(update={"upload_date": day})
        await site.storage.save_metadata(SaveMetadata(metadata=described))
        request = save_request(stage(config, video_id, MEDIA + video_id.encode()), video_id)
        missing = ["captions:de", "comments"] if video_id == LACKING else []
        known = {"profile": PROFILE, "missing": missing}
        await site.storage.save_video(request.model_copy(update=known))
    await site.storage.save_playlist(SavePlaylist(playlist=_playlist()))
    of_yt_dlp(tmp_path / "in", ADOPTED)
    assert (await adopted(await site.of(AdoptionAPI), tmp_path / "in")).error is None
    views: ViewsAPI = await site.of(ViewsAPI)
    await views.add_view(AddView(name="tv", policy=ViewPolicy.MEDIA_SERVER))
    await views.add_view(AddView(name="own", policy=ViewPolicy.CUSTOM,
                                 template="{channel}/{year}/{title} [{id}]"))  # fmt: skip
    await views.sync_view("tv", SyncView())  # the removed videos keep their places
    marks: MarksAPI = await site.of(MarksAPI)
    await marks.set_marks(KEPT, VideoMarks(keep=True))
    await marks.mark_known(KnownVideos(video_ids=[ELSEWHERE], place="a disc"))
    trash: TrashAPI = await site.of(TrashAPI)
    for video_id in (REMOVED, WITH_METADATA):
        keep = video_id == WITH_METADATA
        await trash.remove_videos(RemoveVideos(video_ids=[video_id], keep_metadata=keep))
    yield site
    await site.storage.close()


def _require_complete(before: dict[str, Any]) -> None:
    """Require that the listings have each of the kinds."""
    asked = before["asked"]
    assert sorted(asked["video_ids"]) == sorted([LACKING, KEPT, ADOPTED])
    assert LACKING in asked["incomplete"]
    assert sorted(asked["removed"]) == sorted([REMOVED, WITH_METADATA])
    assert asked["known_elsewhere"] == {ELSEWHERE: "a disc"}
    files = {each["video_id"]: each["location"] for each in before["files"]}
    assert files[LACKING]["missing"] == ["captions:de", "comments"]
    assert files[LACKING]["profile"]["include_comments"] is True
    places = {each["video_id"]: each for each in before["places"]}
    assert [places[each]["episode"] for each in (LACKING, KEPT, REMOVED)] == [52701, 52702, 52703]
    assert places[KEPT]["keep"] is True
    described = dict(zip(ALL, before["metadata"], strict=True))
    assert (described[REMOVED], described[WITH_METADATA]["video_id"]) == (None, WITH_METADATA)
    assert len(before["trash"]["items"]) == 2
    assert [each["name"] for each in before["views"]] == list(VIEWS)
    listed_in_order = [each["video_id"] for each in before["exported"][1]]
    assert listed_in_order == [LACKING, KEPT, ADOPTED]
    assert all(before["trees"][view] for view in VIEWS)


async def test_rebuild_of_lost_databases_restores_every_listing(site: Site) -> None:
    before = await site.listings()
    _require_complete(before)
    await site.storage.close()
    for name in ("library.db", "views.db", "search.db"):
        for file in site.config.state_path.glob(f"{name}*"):
            file.unlink()
    rebuilt = await rebuild_library(site.config)
    assert (rebuilt.problems, rebuilt.examples) == (0, [])
    await site.open_again()
    assert await site.listings() == before
    trash: TrashAPI = await site.of(TrashAPI)
    for item in (await trash.list_trash(TrashQuery())).items:
        await trash.restore_from_trash(item.id, RestoreItem())
    for video_id in (REMOVED, WITH_METADATA):
        found = await site.storage.video_exists(video_id)
        assert found.location is not None
        assert found.location.profile == PROFILE
        assert await asyncio.to_thread(
            sha256sum_accepts, site.config.base_path / "videos" / video_id
        )
    after = await site.listings()
    episodes = [each["episode"] for each in after["places"]]
    assert episodes == [each["episode"] for each in before["places"]]
    assert after["asked"]["removed"] == []


async def test_restored_backup_has_every_listing(site: Site, tmp_path: Path) -> None:
    before = await site.listings()
    await site.storage.close()
    back_up(site.config, tmp_path / "backups")
    for name in ("library.db", "views.db"):
        for file in site.config.state_path.glob(f"{name}*"):
            file.unlink()
    restore(site.config, tmp_path / "backups")
    await site.open_again()
    assert await site.listings() == before
