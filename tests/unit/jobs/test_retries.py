"""Retries: which videos, when, automatically and by users."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.unit.jobs.peers import StoragePeer, video_id
from tests.waiting import eventually, until
from ytarchive.common.config import load_settings
from ytarchive.common.errors import (
    AgeRestricted,
    BotCheck,
    CookiesInvalid,
    DeletedVideo,
    InvalidRequest,
    LiveVideo,
    MembersOnly,
    NetworkFailure,
    NotFound,
    PrivateVideo,
    RegionBlocked,
    ToolFailed,
    VideoUnavailable,
    YTArchiveError,
)
from ytarchive.common.identifiers import new_id
from ytarchive.common.models import ErrorDetail, Page, utc_now
from ytarchive.jobs import (
    Job,
    JobQuery,
    JobStatus,
    ResultStatus,
    RetriedJob,
    RetryJobs,
    RetryReport,
    RetryWorkPlans,
)
from ytarchive.jobs.availability.service import AvailabilityLedger
from ytarchive.jobs.service import JobsService
from ytarchive.storage import (
    FailedDownload,
    PlanEntry,
    UnavailableVideo,
    WorkPlan,
    WorkPlanQuery,
    WorkPlanRequest,
)
from ytarchive.storage.service import StorageService


class PlanningStorage(StoragePeer):
    """The real work plans, with a peer that stores everything at once."""

    def __init__(self, real: StorageService) -> None:
        super().__init__()
        self.real = real

    async def create_work_plan(self, request: WorkPlanRequest) -> WorkPlan:
        return await self.real.plans.create_work_plan(request)

    async def list_work_plans(self, request: WorkPlanQuery) -> Page[PlanEntry]:
        return await self.real.plans.list_work_plans(request)

    async def get_work_plan(self, plan_id: str) -> WorkPlan:
        return await self.real.plans.get_work_plan(plan_id)


@pytest.fixture
async def planning(workshop: Workshop, tmp_path: Path) -> AsyncIterator[Workshop]:
    settings = load_settings(storage={"base_path": tmp_path / "archive"})
    storage = await StorageService.open(settings.storage)
    workshop.storage = PlanningStorage(storage)
    yield workshop
    await storage.close()


def fail(workshop: Workshop, **errors: YTArchiveError) -> list[str]:
    """Let videos fail once, in the order named; their ids."""
    ids = [video_id(number) for number in range(len(errors))]
    workshop.download.failures = {
        each: [error] for each, error in zip(ids, errors.values(), strict=True)
    }
    return ids


async def run(jobs: JobsService, *ids: str, **options: object) -> Job:
    return await ended(jobs, (await jobs.create_job(videos(*ids, **options))).id)


def with_cookies(workshop: Workshop, file: Path) -> None:
    network = workshop.settings.network.model_copy(update={"cookies_file": file})
    workshop.settings = workshop.settings.model_copy(update={"network": network})


def with_proxy(workshop: Workshop, proxy: str) -> None:
    network = workshop.settings.network.model_copy(update={"proxy": proxy})
    workshop.settings = workshop.settings.model_copy(update={"network": network})


def write(file: Path, text: str) -> None:
    """As an export of cookies does it: a new file in place of the old one."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)


async def test_videos_that_need_an_account_are_retried_once_after_new_cookies(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytarchive.jobs.retrying.parked_retries.INTERVAL", 0.01)
    cookies = tmp_path / "cookies.txt"
    with_cookies(workshop, cookies)
    ids = fail(
        workshop,
        age=AgeRestricted(),
        members=MembersOnly(),
        private=PrivateVideo(),
        deleted=DeletedVideo(),
        fine=NetworkFailure(),
    )
    workshop.download.failures[ids[1]].append(MembersOnly())  # not with these cookies either
    async with workshop.open() as jobs:
        job = await run(jobs, *ids)
        assert job.progress.unavailable == 4
        write(cookies, "first")
        await until(lambda: workshop.download.started.count(ids[1]) == 2)
        job = await ended(jobs, job.id)
        assert (job.progress.succeeded, job.progress.unavailable) == (3, 2)
        write(cookies, "second")
        await until(lambda: workshop.download.started.count(ids[1]) == 3)
        job = await ended(jobs, job.id)

    assert [result.status for result in job.results] == [
        *["success"] * 3,
        "unavailable",
        "success",
    ]
    # once for each change, and never for what cookies cannot help
    assert [workshop.download.started.count(each) for each in ids] == [2, 3, 2, 1, 2]


async def test_cookies_that_changed_while_nothing_ran_count_too(
    workshop: Workshop, tmp_path: Path
) -> None:
    cookies = tmp_path / "cookies.txt"
    [only] = fail(workshop, members=MembersOnly())
    async with workshop.open() as jobs:
        job_id = (await run(jobs, only)).id
    write(cookies, "a member's")
    with_cookies(workshop, cookies)
    async with workshop.open() as jobs:
        await until(lambda: only in workshop.storage.stored)
        job = await ended(jobs, job_id)
    async with workshop.open() as jobs:
        await run(jobs, video_id(9))

    assert job.results[0].status is ResultStatus.SUCCESS
    assert workshop.download.started.count(only) == 2


async def test_region_blocked_videos_wait_for_another_proxy(workshop: Workshop) -> None:
    blocked, private = fail(workshop, region=RegionBlocked(), private=PrivateVideo())
    async with workshop.open() as jobs:
        job_id = (await run(jobs, blocked, private)).id
    with_proxy(workshop, "http://elsewhere.example:3128")
    async with workshop.open() as jobs:
        await until(lambda: blocked in workshop.storage.stored)
        job = await ended(jobs, job_id)

    assert [result.status for result in job.results] == ["success", "unavailable"]
    assert workshop.download.started.count(private) == 1


async def test_unusable_cookies_fail_at_once_and_wait_for_better_ones(
    workshop: Workshop, tmp_path: Path
) -> None:
    cookies = tmp_path / "cookies.txt"
    write(cookies, "not a jar")
    with_cookies(workshop, cookies)
    [only] = fail(workshop, cookies=CookiesInvalid())
    async with workshop.open() as jobs:
        job = await run(jobs, only, max_retries=3)
        assert (job.status, job.results[0].attempts) == (JobStatus.FAILED, 1)
        [entry] = workshop.storage.plans[job.id].failed_downloads
        assert entry.waits_for == "cookies"
    write(cookies, "a jar")
    async with workshop.open() as jobs:
        await until(lambda: only in workshop.storage.stored)


async def test_a_cancelled_job_is_not_continued_automatically(
    workshop: Workshop, tmp_path: Path
) -> None:
    cookies = tmp_path / "cookies.txt"
    members, held = video_id(0), video_id(1)
    workshop.download.failures = {members: [MembersOnly()]}
    workshop.download.hold = {held}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(members, held))
        await until(lambda: workshop.download.failures[members] == [])
        await eventually(lambda: _progress(jobs, created.id, "unavailable"))
        await jobs.cancel_job(created.id)
    write(cookies, "a member's")
    with_cookies(workshop, cookies)
    async with workshop.open() as jobs:
        await run(jobs, video_id(5))
        job = await jobs.get_job(created.id)

    assert job.status is JobStatus.CANCELLED
    assert workshop.download.started.count(members) == 1


async def test_a_vague_unavailable_ends_its_job_and_is_to_be_confirmed(workshop: Workshop) -> None:
    [only] = fail(workshop, soft=VideoUnavailable())
    async with workshop.open() as jobs:
        job = await run(jobs, only)

    assert job.results[0].status is ResultStatus.UNAVAILABLE
    [entry] = workshop.storage.plans[job.id].unavailable_videos
    assert (entry.reason, entry.confirmed) == ("unavailable", False)
    assert entry.retry_after is not None
    assert timedelta(hours=23) < entry.retry_after - utc_now() <= timedelta(days=1)


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How many days later it is for the ledger, which checks for due videos continuously."""
    later = [0.0]

    def now() -> datetime:
        return utc_now() + timedelta(days=later[0])

    monkeypatch.setattr("ytarchive.jobs.availability.service.INTERVAL", 0.01)
    monkeypatch.setattr(
        "ytarchive.jobs.guards.guards.AvailabilityLedger", partial(AvailabilityLedger, now=now)
    )
    return later


async def test_videos_available_again_are_fetched_automatically_and_removed_from_the_plan(
    workshop: Workshop, days: list[float]
) -> None:
    [only] = fail(workshop, soft=VideoUnavailable())
    async with workshop.open() as jobs:
        job_id = (await run(jobs, only)).id
        days[0] = 1.1
        await until(lambda: only in workshop.storage.stored)
        job = await ended(jobs, job_id)

    assert job.results[0].status is ResultStatus.SUCCESS
    assert workshop.storage.plans[job_id].unavailable_videos == []
    assert workshop.download.extracted == [only]


async def test_a_confirmed_unavailable_video_is_confirmed_in_its_plan(
    workshop: Workshop, days: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytarchive.jobs.processing.engine._REPORT_INTERVAL", 0.01)
    [only] = fail(workshop, soft=VideoUnavailable())
    workshop.download.failures[only] *= 4
    async with workshop.open() as jobs:
        job_id = (await run(jobs, only)).id
        for number, day in enumerate([1.1, 8.2, 38.5], start=2):
            assert not workshop.storage.plans[job_id].unavailable_videos[0].confirmed
            days[0] = day
            await eventually(lambda n=number: _confirmed(jobs, only, n))  # type: ignore[misc]  # bound at once
        await until(lambda: workshop.storage.plans[job_id].unavailable_videos[0].confirmed)
        job = await jobs.get_job(job_id)

    assert job.results[0].status is ResultStatus.UNAVAILABLE
    assert workshop.storage.plans[job_id].unavailable_videos[0].retry_after is None


async def _confirmed(jobs: JobsService, video: str, times: int) -> bool:
    return (await jobs.availability.get_availability(video)).confirmations == times


async def test_a_retry_of_one_reason_queues_only_its_videos(workshop: Workshop) -> None:
    private, deleted, other = fail(
        workshop, private=PrivateVideo(), deleted=DeletedVideo(), again=PrivateVideo()
    )
    async with workshop.open() as jobs:
        first = await run(jobs, private, deleted)
        second = await run(jobs, other)
        counted = await jobs.retry_jobs(RetryJobs(reason="private", dry_run=True))
        assert await jobs.get_job(first.id) == first
        done = await jobs.retry_jobs(RetryJobs(reason="private"))
        one, two = await ended(jobs, first.id), await ended(jobs, second.id)
        nothing = await jobs.retry_jobs(RetryJobs(reason="private"))

    assert (counted.videos, counted.reasons) == (2, {"private": 2})
    assert counted.jobs == [RetriedJob(job_id=j.id, videos=1) for j in (first, second)]
    assert done == counted.model_copy(update={"dry_run": False})
    assert [result.status for result in one.results] == ["success", "unavailable"]
    assert two.status is JobStatus.COMPLETED
    assert nothing.videos == 0


async def test_a_retry_of_everything_reports_the_reasons(workshop: Workshop) -> None:
    ids = fail(workshop, private=PrivateVideo(), deleted=DeletedVideo(), broken=ToolFailed())
    async with workshop.open() as jobs:
        job = await run(jobs, *ids, max_retries=0)
        counted = await jobs.retry_jobs(RetryJobs(dry_run=True))
        assert (await jobs.retry_jobs(RetryJobs(job_id=job.id))).videos == 3
        job = await ended(jobs, job.id)

    assert counted.reasons == {"deleted": 1, "private": 1, "tool_failed": 1}
    assert job.progress.succeeded == 3


async def test_a_retry_by_reason_ends_the_waits_for_that_reason(
    workshop: Workshop,
) -> None:
    [live] = fail(workshop, live=LiveVideo())
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(live))
        await eventually(lambda: _progress(jobs, created.id, "waiting_for"))
        assert (await jobs.retry_jobs(RetryJobs(dry_run=True))).videos == 0
        assert (await jobs.retry_jobs(RetryJobs(reason="live"))).reasons == {"live": 1}
        job = await ended(jobs, created.id)

    assert (job.results[0].status, job.results[0].attempts) == (ResultStatus.SUCCESS, 1)


async def test_a_retry_after_a_bot_check_probes_with_one_video_at_once(workshop: Workshop) -> None:
    [only] = fail(workshop, bot=BotCheck())
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(only, video_id(7)))
        request = RetryJobs(reason="bot_check", dry_run=True)
        counted = await eventually(lambda: _counted(jobs, request))
        assert "next attempt at" in (counted.waiting_for or "")
        await jobs.retry_jobs(RetryJobs(reason="bot_check"))
        job = await ended(jobs, created.id)

    assert job.progress.succeeded == 2
    assert len(workshop.download.extracted) == 1


async def _counted(jobs: JobsService, request: RetryJobs) -> RetryReport | None:
    report = await jobs.retry_jobs(request)
    return report if report.videos else None


async def _progress(jobs: JobsService, job_id: str, name: str) -> object:
    return getattr((await jobs.get_job(job_id)).progress, name)


async def test_an_unknown_reason_is_refused_with_the_known_ones(workshop: Workshop) -> None:
    async with workshop.open() as jobs:
        for request in (RetryJobs(reason="bored"), RetryJobs(reason="bored", dry_run=True)):
            with pytest.raises(InvalidRequest, match=r"bot_check.*members_only.*private"):
                await jobs.retry_jobs(request)
        with pytest.raises(InvalidRequest, match="bot_check"):
            await jobs.retry_work_plans(RetryWorkPlans(reason="bored"))
        with pytest.raises(NotFound):
            await jobs.retry_jobs(RetryJobs(job_id=new_id()))


@pytest.mark.parametrize("of_this_queue", [True, False])
async def test_retry_of_a_work_plan_skips_removed_videos(
    planning: Workshop, of_this_queue: bool
) -> None:
    [removed] = fail(planning, private=PrivateVideo())
    async with planning.open() as jobs:
        plan_id = (await run(jobs, removed)).work_plan_id
        assert plan_id is not None
    if not of_this_queue:
        for file in planning.state_path.glob("jobs.db*"):
            file.unlink()
    async with planning.open() as jobs:
        planning.storage.removed = {removed}
        done = await jobs.retry_work_plans(RetryWorkPlans(plan_id=plan_id))
        assert done.jobs[0].job_id is not None
        job = await ended(jobs, done.jobs[0].job_id)
    assert [(each.status, each.reason) for each in job.results] == [("skipped", "removed")]


async def test_a_work_plan_keeps_its_entries_until_they_are_stored(planning: Workshop) -> None:
    fine, still, dead = fail(
        planning, private=PrivateVideo(), again=PrivateVideo(), deleted=DeletedVideo()
    )
    planning.download.failures[still].append(PrivateVideo())
    async with planning.open() as jobs:
        job = await run(jobs, fine, still, dead)
        assert job.work_plan_id is not None
        request = RetryWorkPlans(plan_id=job.work_plan_id, reason="private")
        planning.download.hold = {fine}
        counted = await jobs.retry_work_plans(request.model_copy(update={"dry_run": True}))
        done = await jobs.retry_work_plans(request)
        await until(lambda: planning.download.started.count(fine) == 2)
        during = await planning.storage.get_work_plan(job.work_plan_id)
        [again] = [
            task.task_id
            for task in planning.download.tasks.values()
            if task.video_id == fine and not task.status.is_final
        ]
        await planning.download.end(again)
        job = await ended(jobs, job.id)
        after = await planning.storage.get_work_plan(job.work_plan_id or "")

    assert (counted.videos, done.reasons) == (2, {"private": 2})
    assert {entry.video_id for entry in during.unavailable_videos} == {fine, still, dead}
    assert {entry.video_id for entry in after.unavailable_videos} == {still, dead}


async def test_a_plan_from_elsewhere_gets_a_job_of_its_own(planning: Workshop) -> None:
    request = WorkPlanRequest(
        job_id="somebody-elses",
        unavailable_videos=[UnavailableVideo(video_id=video_id(1), reason="private")],
        failed_downloads=[
            FailedDownload(
                video_id=video_id(2), errors=[ErrorDetail(code="E140", message="no network")]
            ),
            FailedDownload(video_id=video_id(3)),
        ],
    )
    planning.download.failures = {video_id(3): [PrivateVideo()]}
    async with planning.open() as jobs:
        plan = await planning.storage.create_work_plan(request)
        report = await jobs.retry_work_plans(RetryWorkPlans())
        [made] = (await jobs.list_jobs(JobQuery())).items
        job = await ended(jobs, made.id)
        left = await planning.storage.get_work_plan(plan.id)

    assert report.reasons == {"private": 1, "network": 1, "unknown": 1}
    assert report.jobs == [RetriedJob(job_id=made.id, videos=3)]
    assert job.work_plan_id == plan.id
    assert left.job_id == made.id
    assert [entry.video_id for entry in left.unavailable_videos] == [video_id(3)]
    assert left.failed_downloads == []


async def test_a_failure_has_the_time_of_a_useful_retry(workshop: Workshop) -> None:
    settings = workshop.settings.jobs.model_copy(update={"retry_base": 600})
    workshop.settings = workshop.settings.model_copy(update={"jobs": settings})
    [only] = fail(workshop, broken=ToolFailed())
    async with workshop.open() as jobs:
        job = await run(jobs, only, max_retries=0)

    [entry] = workshop.storage.plans[job.id].failed_downloads
    assert entry.retry_after is not None
    assert timedelta(minutes=5) < entry.retry_after - utc_now() < timedelta(minutes=13)
