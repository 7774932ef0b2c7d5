import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.storage.samples import OTHER, VIDEO, listed, run, save_request, stage
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import Conflict, InvalidRequest, NotFound
from ytarchive.common.models import ErrorDetail
from ytarchive.storage import (
    FailedDownload,
    UnavailableVideo,
    WorkPlan,
    WorkPlanQuery,
    WorkPlanRequest,
)
from ytarchive.storage.service import StorageService

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
PRIVATE = UnavailableVideo(
    video_id=VIDEO, title="../x", reason="private", detected_at=MOMENT, evidence="Private video"
)
FAILED = FailedDownload(
    video_id=OTHER,
    attempts=4,
    last_attempt=MOMENT,
    errors=[ErrorDetail(code="E139", message="no idea", details={"line": 3})],
    file_size=12,
)


def request(job_id: str | None = "job-1", **fields: object) -> WorkPlanRequest:
    return WorkPlanRequest.model_validate({"job_id": job_id} | fields)


def on_disk(plan: WorkPlan) -> WorkPlan:
    """The plan as its JSON file has it."""
    return WorkPlan.model_validate(json.loads(Path(str(plan.path)).read_text()))


def without_moment(
    entries: Sequence[UnavailableVideo | FailedDownload],
) -> list[UnavailableVideo | FailedDownload]:
    """Entries as they were sent: Storage adds the time at which they were added."""
    assert all(entry.added_at for entry in entries)
    return [entry.model_copy(update={"added_at": None}) for entry in entries]


@pytest.fixture
def frozen_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ytarchive.storage.work_plans.service.utc_now", lambda: MOMENT)


async def test_a_plan_is_complete_and_stored_with_the_metadata(
    storage: StorageService, config: StorageConfig, frozen_clock: None
) -> None:
    plan = await storage.plans.create_work_plan(
        request(
            unavailable_videos=[PRIVATE],
            failed_downloads=[FAILED],
            total_videos=60,
            successful_videos=58,
        )
    )
    assert without_moment(plan.unavailable_videos) == [PRIVATE]
    assert without_moment(plan.failed_downloads) == [FAILED]
    assert (plan.total_videos, plan.successful_videos) == (60, 58)
    assert plan.created_at == MOMENT
    file = config.base_path / "metadata/work_plans/20260102T030405Z_plan.json"
    assert plan.path == str(file)
    assert on_disk(plan) == plan.model_copy(update={"path": None})
    assert await storage.plans.get_work_plan(plan.id) == plan


async def test_a_job_has_one_plan_which_later_requests_extend(storage: StorageService) -> None:
    first = await storage.plans.create_work_plan(
        request(unavailable_videos=[PRIVATE], total_videos=60, successful_videos=10)
    )
    failed_now = FAILED.model_copy(update={"video_id": VIDEO})
    second = await storage.plans.create_work_plan(
        request(failed_downloads=[failed_now, FAILED], successful_videos=20)
    )
    assert second.id == first.id
    assert second.path == first.path
    assert second.unavailable_videos == []
    assert [video.video_id for video in second.failed_downloads] == [VIDEO, OTHER]
    assert (second.total_videos, second.successful_videos) == (60, 20)
    assert second.created_at == first.created_at
    assert second.updated_at > first.updated_at
    assert on_disk(second) == second.model_copy(update={"path": None})


async def test_a_video_stored_later_is_removed_from_the_plan(storage: StorageService) -> None:
    both = request(unavailable_videos=[PRIVATE], failed_downloads=[FAILED])
    await storage.plans.create_work_plan(both)
    plan = await storage.plans.create_work_plan(request(resolved_video_ids=[VIDEO, "unknown-one"]))
    assert plan.unavailable_videos == []
    assert without_moment(plan.failed_downloads) == [FAILED]
    [entry] = (await storage.plans.list_work_plans(WorkPlanQuery())).items
    assert (entry.unavailable, entry.failed) == (0, 1)
    assert (await storage.plans.list_work_plans(WorkPlanQuery(missing=True))).items == [entry]
    await storage.plans.create_work_plan(request(resolved_video_ids=[FAILED.video_id]))
    assert (await storage.plans.list_work_plans(WorkPlanQuery(missing=True))).items == []
    assert (await storage.plans.get_work_plan(plan.id)).missing == 0


async def test_without_a_job_every_request_makes_a_plan_with_its_own_file(
    storage: StorageService, config: StorageConfig, frozen_clock: None
) -> None:
    await asyncio.gather(*(storage.plans.create_work_plan(request(None)) for _ in range(3)))
    assert listed(config.base_path / "metadata/work_plans") == [
        "20260102T030405Z-2_plan.json",
        "20260102T030405Z-3_plan.json",
        "20260102T030405Z_plan.json",
    ]


async def test_extensions_at_the_same_time_are_all_in_the_plan_and_in_its_file(
    storage: StorageService,
) -> None:
    ids = [f"video-{n:05}" for n in range(20)]
    entries = [FAILED.model_copy(update={"video_id": video_id}) for video_id in ids]
    plans = await asyncio.gather(
        *(storage.plans.create_work_plan(request(failed_downloads=[entry])) for entry in entries)
    )
    assert sorted(video.video_id for video in on_disk(plans[0]).failed_downloads) == ids


async def test_plans_are_listed_newest_first_page_by_page(storage: StorageService) -> None:
    made = [(await storage.plans.create_work_plan(request(f"job-{n}"))).id for n in range(5)]
    seen: list[str] = []
    cursor = None
    sizes = []
    while cursor is not None or not seen:
        page = await storage.plans.list_work_plans(WorkPlanQuery(limit=2, cursor=cursor))
        seen += [entry.id for entry in page.items]
        sizes.append(len(page.items))
        cursor = page.next_cursor
    assert seen == made[::-1]
    assert sizes == [2, 2, 1]


async def test_an_invalid_cursor_and_an_unknown_plan_are_reported(storage: StorageService) -> None:
    with pytest.raises(InvalidRequest):
        await storage.plans.list_work_plans(WorkPlanQuery(cursor="' OR 1=1 --"))
    with pytest.raises(NotFound, match="plan-x"):
        await storage.plans.get_work_plan("plan-x")


async def test_a_plans_file_that_is_missing_or_old_is_written_again_at_start(
    config: StorageConfig,
) -> None:
    storage = await StorageService.open(config)
    lost = await storage.plans.create_work_plan(request("job-1", unavailable_videos=[PRIVATE]))
    old = await storage.plans.create_work_plan(request("job-2", unavailable_videos=[PRIVATE]))
    run("rm", str(lost.path))
    # As after a crash between the transaction and the file:
    await storage._database.execute(
        "update_plan",
        {"plan_id": old.id, "now": 0, "total_videos": 9, "successful_videos": 0},
    )
    await storage.close()
    storage = await StorageService.open(config)
    assert without_moment(on_disk(lost).unavailable_videos) == [PRIVATE]
    assert on_disk(old).total_videos == 9
    await storage.close()


async def test_a_plan_without_a_job_is_assigned_to_the_job(storage: StorageService) -> None:
    made = await storage.plans.create_work_plan(request(None, unavailable_videos=[PRIVATE]))
    taken = await storage.plans.create_work_plan(request("job-9", plan_id=made.id))
    later = await storage.plans.create_work_plan(request("job-9", resolved_video_ids=[VIDEO]))

    assert (taken.id, taken.job_id) == (made.id, "job-9")
    assert without_moment(taken.unavailable_videos) == [PRIVATE]
    assert (later.id, later.unavailable_videos) == (made.id, [])
    assert on_disk(later).job_id == "job-9"


async def test_a_job_has_one_plan_and_a_plan_must_exist(storage: StorageService) -> None:
    await storage.plans.create_work_plan(request("job-1"))
    other = await storage.plans.create_work_plan(request("job-2", unavailable_videos=[PRIVATE]))
    with pytest.raises(Conflict):
        await storage.plans.create_work_plan(request("job-1", plan_id=other.id))
    with pytest.raises(NotFound):
        await storage.plans.create_work_plan(request("job-1", plan_id="unknown"))

    assert (await storage.plans.get_work_plan(other.id)).job_id == "job-2"


async def test_time_and_condition_of_a_retry_are_kept_in_the_entry(storage: StorageService) -> None:
    suspected = PRIVATE.model_copy(update={"confirmed": False, "retry_after": MOMENT})
    parked = FAILED.model_copy(update={"waits_for": "cookies", "retry_after": MOMENT})
    plan = await storage.plans.create_work_plan(
        request(unavailable_videos=[suspected], failed_downloads=[parked])
    )

    assert without_moment(on_disk(plan).unavailable_videos) == [suspected]
    shown = await storage.plans.get_work_plan(plan.id)
    assert without_moment(shown.failed_downloads) == [parked]


async def test_a_list_has_one_plan_whatever_the_number_of_its_jobs(storage: StorageService) -> None:
    first = await storage.plans.create_work_plan(
        request("job-1", playlist_id="PLlist0000001", unavailable_videos=[PRIVATE])
    )
    second = await storage.plans.create_work_plan(
        request(
            "job-2",
            playlist_id="PLlist0000001",
            unavailable_videos=[PRIVATE],
            failed_downloads=[FAILED],
        )
    )
    of_metadata = await storage.plans.create_work_plan(
        request("job-3", playlist_id="PLlist0000001", metadata_only=True, failed_downloads=[FAILED])
    )
    other = await storage.plans.create_work_plan(request("job-4", playlist_id="PLlist0000002"))

    assert len({first.id, of_metadata.id, other.id}) == 3
    assert (second.id, second.job_id) == (first.id, "job-2")
    assert on_disk(second).playlist_id == "PLlist0000001"
    assert second.unavailable_videos == first.unavailable_videos  # still as old as the first
    [failed] = second.failed_downloads
    assert failed.added_at
    assert first.unavailable_videos[0].added_at
    assert failed.added_at > first.unavailable_videos[0].added_at
    [entry] = [
        e for e in (await storage.plans.list_work_plans(WorkPlanQuery())).items if e.id == first.id
    ]
    assert (entry.playlist_id, entry.unavailable, entry.failed) == ("PLlist0000001", 1, 1)


async def test_a_plan_of_a_job_is_assigned_to_its_list(storage: StorageService) -> None:
    made = await storage.plans.create_work_plan(request("job-1", unavailable_videos=[PRIVATE]))
    taken = await storage.plans.create_work_plan(request("job-1", playlist_id="PLlist0000001"))
    own = await storage.plans.create_work_plan(request("job-2"))
    kept = await storage.plans.create_work_plan(request("job-2", playlist_id="PLlist0000001"))

    assert (taken.id, taken.playlist_id) == (made.id, "PLlist0000001")
    assert own.id != made.id
    assert (kept.id, kept.job_id) == (made.id, "job-1")


async def test_a_stored_video_is_removed_from_every_plan_but_those_of_metadata(
    storage: StorageService, config: StorageConfig
) -> None:
    plans = [
        await storage.plans.create_work_plan(request("job-1", unavailable_videos=[PRIVATE])),
        await storage.plans.create_work_plan(
            request("job-2", playlist_id="PLlist0000001", unavailable_videos=[PRIVATE])
        ),
        await storage.plans.create_work_plan(
            request(
                "job-3",
                playlist_id="PLlist0000001",
                metadata_only=True,
                unavailable_videos=[PRIVATE],
            )
        ),
    ]
    await storage.save_video(save_request(stage(config)))

    left = [len((await storage.plans.get_work_plan(plan.id)).unavailable_videos) for plan in plans]
    assert left == [0, 0, 1]
    assert [len(on_disk(plan).unavailable_videos) for plan in plans] == left


async def test_plans_are_found_by_the_beginning_of_their_ids(storage: StorageService) -> None:
    plans = [await storage.plans.create_work_plan(request(None)) for _ in range(3)]
    for plan in plans:
        page = await storage.plans.list_work_plans(WorkPlanQuery(prefix=plan.id))
        assert [entry.id for entry in page.items] == [plan.id]
    page = await storage.plans.list_work_plans(WorkPlanQuery(prefix=plans[0].id[:8], limit=2))
    assert (len(page.items), page.next_cursor is not None) == (2, True)
