"""Work plans of one list, made for each of its jobs by earlier versions, become one plan."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.storage.samples import OTHER, VIDEO, listed
from tests.unit.storage.test_work_plans import FAILED, MOMENT, PRIVATE, on_disk, request
from tests.waiting import eventually
from ytarchive.app import open_services
from ytarchive.common.config import StorageConfig, load_settings
from ytarchive.common.database import Database
from ytarchive.jobs import CreateJob, JobOptions, JobStatus, JobType, JobView
from ytarchive.jobs.queue.repository import SCHEMA, JobsRepository
from ytarchive.logging import Console
from ytarchive.storage import (
    UnavailableVideo,
    WorkPlan,
    WorkPlanQuery,
    WorkPlanRequest,
    WorkPlansAPI,
)
from ytarchive.storage.service import StorageService

LIST = "PLjV3HijScGMynGvjJrvNNd5Q9pPy255dL"
UPLOADS = "UUuAXFkgsw1L7xaCfnd5JJOw"
DELETED = UnavailableVideo(video_id="-----------", reason="deleted", detected_at=MOMENT)


def titled(title: str) -> UnavailableVideo:
    return PRIVATE.model_copy(update={"title": title})


async def nightly_plans(
    storage: StorageService, jobs: Sequence[str] = ("job-0", "job-1", "job-2")
) -> list[WorkPlan]:
    """Return plans of jobs, oldest first, which have one video in common, and one of each alone."""
    plans = []
    for night, job in enumerate(jobs):
        only = DELETED.model_copy(update={"video_id": f"{night:011}"})
        entries = [titled(f"night {night}"), only]
        made = request(job, unavailable_videos=entries, failed_downloads=[FAILED])
        plans.append(await storage.plans.create_work_plan(made))
    return plans


async def test_merging_keeps_every_entry_and_the_newest_of_each_video(
    storage: StorageService, config: StorageConfig
) -> None:
    plans = await nightly_plans(storage)
    merged = await storage.plans.create_work_plan(
        WorkPlanRequest(
            job_id="job-2", playlist_id=LIST, merged_plan_ids=[*(plan.id for plan in plans), "none"]
        )
    )
    assert (merged.id, merged.job_id, merged.playlist_id) == (plans[2].id, "job-2", LIST)
    found = {video.video_id: video for video in merged.unavailable_videos}
    assert set(found) == {VIDEO, *(f"{night:011}" for night in range(3))}
    assert [video.video_id for video in merged.failed_downloads] == [OTHER]
    assert (found[VIDEO].title, found[VIDEO].added_at) == (
        "night 2",
        plans[0].unavailable_videos[0].added_at,
    )
    [left] = (await storage.plans.list_work_plans(WorkPlanQuery())).items
    assert (left.id, left.unavailable, left.failed) == (merged.id, 4, 1)
    assert (await storage.get_stats()).work_plans == 1
    assert on_disk(merged) == merged.model_copy(update={"path": None})
    assert listed(config.base_path / "metadata/work_plans") == [Path(str(merged.path)).name]


async def test_existing_plan_of_the_list_gets_the_entries_of_others(
    storage: StorageService,
) -> None:
    plans = await nightly_plans(storage)
    own = request("job-9", playlist_id=LIST, unavailable_videos=[titled("own")])
    lasting = await storage.plans.create_work_plan(own)
    ids = [lasting.id, *(plan.id for plan in plans)]
    merged = await storage.plans.create_work_plan(
        WorkPlanRequest(job_id="job-9", playlist_id=LIST, merged_plan_ids=ids)
    )
    assert merged.id == lasting.id
    assert {v.title for v in merged.unavailable_videos if v.video_id == VIDEO} == {"own"}
    assert merged.missing == 5


@pytest.mark.parametrize("names", [[LIST] * 3, ["@films", "UCuAXFkgsw1L7xaCfnd5JJOw", "@films"]])
async def test_start_merges_the_plans_of_an_archive_of_the_first_version(
    config: StorageConfig, names: list[str]
) -> None:
    """Names of one channel count as one list as soon as its list is known."""
    storage = await StorageService.open(config)
    async with await Database.open(config.state_path / "jobs.db", SCHEMA) as database:
        jobs = [await finished_job(JobsRepository(database), name) for name in names]
        plans = await nightly_plans(storage, jobs)
        for job, plan in zip(jobs, plans, strict=True):
            await JobsRepository(database).set_work_plan(job, plan.id)
        for job in jobs[1:]:
            if names[0] != LIST:
                await JobsRepository(database).set_list(job, "Films", UPLOADS)
    other = await storage.plans.create_work_plan(request("alone", unavailable_videos=[DELETED]))
    await storage.close()

    settings = load_settings(storage=config.model_dump())
    opening = open_services(settings, whole_queue=True, console=Console.NONE)
    async with opening as (archive, _):

        async def has_one_plan() -> bool:
            views = [archive.jobs.get_job(job, JobView(expand=False)) for job in jobs]
            return {job.work_plan_id for job in await asyncio.gather(*views)} == {plans[2].id}

        await eventually(has_one_plan)
        left = (await archive.of(WorkPlansAPI).list_work_plans(WorkPlanQuery())).items
        assert [plan.id for plan in left] == [other.id, plans[2].id]
        merged = await archive.of(WorkPlansAPI).get_work_plan(plans[2].id)
        assert (merged.missing, merged.job_id) == (5, jobs[2])
        assert merged.playlist_id == (LIST if names[0] == LIST else UPLOADS)


async def finished_job(repository: JobsRepository, name: str) -> str:
    """Leave a finished job of a list."""
    wanted = CreateJob(type=JobType.PLAYLIST_DOWNLOAD, playlist_id=name, options=JobOptions())
    job = (await repository.create(wanted, "trace")).id
    await repository.listing_finished(job)
    assert await repository.finish(job, JobStatus.COMPLETED, None)
    return job
