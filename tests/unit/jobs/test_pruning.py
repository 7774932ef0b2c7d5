"""Old jobs are removed, except those with videos that still wait."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.unit.jobs.peers import video_id
from tests.waiting import eventually
from ytarchive.common.errors import (
    DeletedVideo,
    MembersOnly,
    UpcomingVideo,
    YTArchiveError,
)
from ytarchive.common.models import utc_now
from ytarchive.common.quality import Quality
from ytarchive.jobs import CreateJob, JobOptions, JobQuery, JobStatus, JobType
from ytarchive.jobs.service import JobsService

ONE, TWO = video_id(1), video_id(2)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let the next services remove jobs as if it were so many days later."""

    def go(days: float) -> None:
        monkeypatch.setattr(
            "ytarchive.jobs.queue.pruning.utc_now", lambda: utc_now() + timedelta(days)
        )

    return go


def keeping(workshop: Workshop, days: int) -> None:
    jobs = workshop.settings.jobs.model_copy(update={"keep_days": days})
    workshop.settings = workshop.settings.model_copy(update={"jobs": jobs})


async def ids(jobs: JobsService) -> set[str]:
    return {job.id for job in (await jobs.list_jobs(JobQuery(limit=500))).items}


async def run(jobs: JobsService, request: CreateJob) -> str:
    return (await ended(jobs, (await jobs.create_job(request)).id)).id


@pytest.mark.parametrize(("days", "after"), [(90, 89), (90, 91), (7, 8), (0, 4000)])
async def test_finished_jobs_are_removed_after_keep_days(
    workshop: Workshop,
    later: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    after: int,
) -> None:
    monkeypatch.setattr("ytarchive.jobs.queue.pruning._AT_ONCE", 5)
    keeping(workshop, days)
    async with workshop.open() as jobs:
        done = await run(jobs, videos(*(video_id(number) for number in range(12))))
        workshop.download.hold = {video_id(2000), video_id(2001)}
        cancelled = await jobs.create_job(videos(video_id(2000)))
        still_open = await jobs.create_job(videos(video_id(2001)))
        await jobs.cancel_job(cancelled.id)
    later(after)
    async with workshop.open() as jobs:
        if days and after > days:
            await until_removed(jobs, {done, cancelled.id})
            assert still_open.id in await ids(jobs)
        else:
            assert await jobs._pruner.prune() == 0
            assert await ids(jobs) == {done, cancelled.id, still_open.id}


async def until_removed(jobs: JobsService, gone: set[str]) -> None:
    async def are_gone() -> bool:
        return not gone & await ids(jobs)

    await eventually(are_gone)


@pytest.mark.parametrize(
    "error", [DeletedVideo(), MembersOnly(), UpcomingVideo(retry_after="2100-01-01T00:00:00Z")]
)
async def test_a_job_with_a_missing_video_is_kept(
    workshop: Workshop, later: Callable[[float], None], error: YTArchiveError
) -> None:
    workshop.download.failures = {ONE: [error]}
    async with workshop.open() as jobs:
        missing = await run(jobs, videos(ONE, TWO))
        done = await run(jobs, videos(TWO))
    later(100)
    async with workshop.open() as jobs:
        await until_removed(jobs, {done})
        assert missing in await ids(jobs)
        workshop.storage.stored[ONE] = workshop.storage.location(ONE)
        assert await jobs._pruner.prune() == 1
        assert await ids(jobs) == set()


async def test_of_the_jobs_of_a_list_only_the_latest_is_kept(
    workshop: Workshop, later: Callable[[float], None]
) -> None:
    workshop.metadata.playlists = {"PLnightly000001": [ONE, TWO]}
    workshop.download.failures = {ONE: [DeletedVideo()]}
    request = CreateJob(type=JobType.PLAYLIST_DOWNLOAD, playlist_id="PLnightly000001")
    async with workshop.open() as jobs:
        nights = [await run(jobs, request) for _ in range(5)]
    later(100)
    async with workshop.open(whole_queue=False) as jobs:
        jobs.work_on(nights[-1])  # a command removes them, too
        await until_removed(jobs, set(nights[:-1]))
        assert await ids(jobs) == {nights[-1]}


LIST = CreateJob(type=JobType.PLAYLIST_DOWNLOAD, playlist_id="PLnightly000001")


@pytest.mark.parametrize("request_", [LIST, videos(TWO, ONE)], ids=["list", "videos"])
async def test_a_repeated_command_continues_the_job_that_has_to_wait(
    workshop: Workshop, request_: CreateJob
) -> None:
    listed = workshop.metadata.playlists["PLnightly000001"] = [ONE, TWO]
    workshop.storage.is_full = True
    nights = []
    for night in range(5):
        listed.append(video_id(10 + night))
        async with workshop.open(whole_queue=False) as jobs:
            job_id = (await jobs.create_job(request_)).id
            jobs.work_on(job_id)
            await eventually(lambda each=job_id: is_listed(jobs, each))  # type: ignore[misc]  # bound at once
            other = (await jobs.create_job(request_.model_copy(update={"options": LOW}))).id
            await jobs.cancel_job(other)
            nights.append((job_id, other))

    assert len({job_id for job_id, _ in nights}) == 1
    assert len({other for _, other in nights}) == 5
    workshop.storage.is_full = False
    async with workshop.open() as jobs:
        job = await ended(jobs, nights[0][0])
    assert job.status is JobStatus.COMPLETED
    wanted = set(listed) if request_ is LIST else {ONE, TWO}
    assert workshop.storage.stored.keys() == wanted


LOW = JobOptions(quality=Quality.P360)


async def is_listed(jobs: JobsService, job_id: str) -> bool:
    return not (await jobs.get_job(job_id)).progress.listing
