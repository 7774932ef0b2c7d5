"""The real Storage service, in process and over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.conftest import Reach
from tests.unit.storage.samples import (
    MEDIA,
    OTHER,
    VIDEO,
    content,
    listed,
    metadata,
    playlist,
    save_request,
    stage,
)
from tests.unit.storage.search.archives import indexed
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import (
    InvalidIdentifier,
    InvalidRequest,
    NotFound,
    PathOutsideArchive,
)
from ytarchive.common.media_formats import Container
from ytarchive.common.models import Done, ErrorDetail, utc_now
from ytarchive.common.profile import ArchiveProfile
from ytarchive.storage import (
    ExistsRequest,
    FailedDownload,
    FormVideo,
    SaveMetadata,
    SavePlaylist,
    SaveVideo,
    SearchAPI,
    SearchQuery,
    StorageAPI,
    UnavailableVideo,
    VideoQuery,
    WorkPlanQuery,
    WorkPlanRequest,
    WorkPlansAPI,
)
from ytarchive.storage.service import StorageService


@pytest.fixture
def config(tmp_path: Path) -> StorageConfig:
    return StorageConfig(base_path=tmp_path / "archive")


@pytest.fixture
async def service(config: StorageConfig) -> AsyncIterator[StorageService]:
    service = await StorageService.open(config)
    yield service
    await service.close()


@pytest.fixture
async def storage(reach: Reach[StorageAPI], service: StorageService) -> StorageAPI:
    return await reach(StorageAPI, service)


@pytest.fixture
async def plans(reach: Reach[WorkPlansAPI], service: StorageService) -> WorkPlansAPI:
    return await reach(WorkPlansAPI, service.plans)


@pytest.fixture
async def search(reach: Reach[SearchAPI], service: StorageService) -> SearchAPI:
    return await reach(SearchAPI, service.search)


async def test_a_staged_video_is_stored_and_found(
    storage: StorageAPI, config: StorageConfig
) -> None:
    location = await storage.save_video(save_request(stage(config)))
    assert content(location.video_path) == MEDIA
    exists = await storage.video_exists("https://youtu.be/" + VIDEO)
    found = location.model_copy(update={"is_first": False})
    assert (exists.exists, exists.location) == (True, found)
    assert (await storage.video_exists(OTHER)).exists is False
    asked = ExistsRequest(video_ids=[OTHER, VIDEO])
    assert (await storage.videos_exist(asked)).video_ids == [VIDEO]


async def test_media_that_cannot_be_written_in_another_form_stays(
    storage: StorageAPI, config: StorageConfig
) -> None:
    mkv = ArchiveProfile(container=Container.MKV)
    with pytest.raises(NotFound):
        await storage.form_video(FormVideo(video_id=VIDEO, profile=mkv))
    stored = await storage.save_video(save_request(stage(config)))  # media that does not play
    formed = await storage.form_video(FormVideo(video_id=VIDEO, profile=mkv))
    assert (formed.is_changed, formed.location.video_path) == (False, stored.video_path)
    assert formed.remarks[0].startswith("unchanged: ")
    assert content(stored.video_path) == MEDIA


async def test_metadata_is_kept_and_read_back_equal(storage: StorageAPI) -> None:
    described = metadata(title="«\u202e ../../x \x00")
    await storage.save_metadata(SaveMetadata(metadata=described))
    assert await storage.get_metadata(VIDEO) == described
    with pytest.raises(NotFound):
        await storage.get_metadata(OTHER)
    stats = await storage.get_stats()
    assert (stats.total_metadata, stats.total_videos) == (1, 0)


async def test_a_playlist_is_kept(storage: StorageAPI, config: StorageConfig) -> None:
    assert await storage.save_playlist(SavePlaylist(playlist=playlist("PLabc"))) == Done()
    assert "PLabc" in listed(config.base_path / "metadata" / "playlists")[0]


async def test_stored_videos_are_listed_and_found(
    storage: StorageAPI, search: SearchAPI, config: StorageConfig
) -> None:
    await storage.save_metadata(SaveMetadata(metadata=metadata(title="A crystal radio & more")))
    await storage.save_video(save_request(stage(config)))
    await storage.save_metadata(SaveMetadata(metadata=metadata(OTHER, "Another radio")))
    filters: dict[str, object] = {
        "channel": "a channel",
        "uploaded_from": "2009-10-25",
        "uploaded_to": "2009-10-25",
    }
    filters |= {"duration_min": 213, "duration_max": 213}
    listed_videos = await storage.list_videos(
        VideoQuery.model_validate(filters | {"has_captions": True, "sort": "title", "order": "asc"})
    )
    assert [(each.video_id, each.title) for each in listed_videos.items] == [
        (VIDEO, "A crystal radio & more")
    ]
    assert content(listed_videos.items[0].video_path) == MEDIA
    await indexed(storage)
    asked = filters | {"query": '"CRYSTAL radio" & mor*', "has_captions": True}
    results = await search.search(SearchQuery.model_validate(asked))
    assert (results.total, results.is_total_exact, results.remark) == (1, True, None)
    [video] = results.items
    assert (video.video_id, video.video_path) == (VIDEO, listed_videos.items[0].video_path)
    assert video.hits[0].matches == [(2, 15), (18, 22)]
    first = await search.search(SearchQuery(query="radio", limit=1))
    rest = await search.search(SearchQuery(query="radio", limit=1, cursor=first.next_cursor))
    assert {each.video_id for each in first.items + rest.items} == {VIDEO, OTHER}
    with pytest.raises(InvalidRequest, match="cursor"):
        await storage.list_videos(VideoQuery(cursor=first.next_cursor))
    with pytest.raises(InvalidRequest, match="cursor"):
        await search.search(SearchQuery(query="other", cursor=first.next_cursor))


async def test_work_plans_are_made_listed_and_read(plans: WorkPlansAPI) -> None:
    gone = UnavailableVideo(video_id=VIDEO, reason="private", detected_at=utc_now())
    error = ErrorDetail(code="E140", message="no network", details={"tries": 3})
    failed = FailedDownload(video_id=OTHER, attempts=4, last_attempt=utc_now(), errors=[error])
    request = WorkPlanRequest(
        job_id="job-1", unavailable_videos=[gone], failed_downloads=[failed], total_videos=5
    )
    plan = await plans.create_work_plan(request)
    [unavailable], [broken] = plan.unavailable_videos, plan.failed_downloads
    assert unavailable == gone.model_copy(update={"added_at": unavailable.added_at})
    assert broken == failed.model_copy(update={"added_at": broken.added_at})
    assert await plans.get_work_plan(plan.id) == plan
    page = await plans.list_work_plans(WorkPlanQuery(limit=1))
    assert [(entry.id, entry.failed) for entry in page.items] == [(plan.id, 1)]
    with pytest.raises(NotFound):
        await plans.get_work_plan("absent")


async def test_paths_out_of_the_archive_are_refused(
    storage: StorageAPI, config: StorageConfig
) -> None:
    staged = stage(config)
    for outside in ("../elsewhere", "/etc"):
        with pytest.raises(PathOutsideArchive):
            await storage.save_video(save_request(staged, output_path=outside))
    with pytest.raises(PathOutsideArchive):
        await storage.save_video(SaveVideo(video_id=VIDEO, video_path="/etc/passwd"))


async def test_invalid_ids_are_refused(storage: StorageAPI, plans: WorkPlansAPI) -> None:
    with pytest.raises(InvalidIdentifier):
        await storage.video_exists("../../etc")
    with pytest.raises(InvalidRequest, match="plan_id"):
        await plans.get_work_plan("../plan")


async def test_health_is_reported(storage: StorageAPI) -> None:
    health = await storage.health()
    assert (health.service, health.status) == ("storage", "healthy")
    assert all(health.checks.values())
    assert health.checks
