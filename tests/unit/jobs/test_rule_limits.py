"""The limits of a filter: the most videos and bytes in a job and in a day."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.jobs.conftest import Workshop, ended
from tests.unit.jobs.peers import video_id
from ytarchive.common.download_config import DownloadConfig
from ytarchive.jobs import CreateJob, Job, JobType, VideoFilter
from ytarchive.jobs.queue.filtering import Facts
from ytarchive.jobs.service import JobsService

UPLOADS, OTHER = "UU" + "c" * 22, "UU" + "d" * 22
TEN = [video_id(number) for number in range(10)]
_DAY = 86_400 * 10**6


async def sync(jobs: JobsService, source: str = UPLOADS, **limits: int) -> Job:
    """A job for a channel's uploads, once it has ended."""
    request = CreateJob.model_validate(
        {
            "type": JobType.PLAYLIST_DOWNLOAD,
            "playlist_id": source,
            "options": {"filter": limits},
        }
    )
    return await ended(jobs, (await jobs.create_job(request)).id)


def beyond(job: Job) -> set[str | None]:
    """The rules of the excluded videos."""
    return {each.rule for each in job.results if each.reason == "filtered"}


async def test_each_job_archives_the_next_videos(workshop: Workshop) -> None:
    workshop.metadata.playlists[UPLOADS] = TEN
    async with workshop.open() as jobs:
        for end in (4, 8, 10):
            job = await sync(jobs, max_videos=4)
            assert sorted(workshop.download.started) == sorted(TEN[:end])
            assert beyond(job) == ({"max_videos"} if end < 10 else set())
            assert job.progress.succeeded == min(4, end - (end - 1) // 4 * 4)


async def test_a_day_is_counted_for_each_list(workshop: Workshop) -> None:
    workshop.metadata.playlists[UPLOADS] = TEN[:7]
    workshop.metadata.playlists[OTHER] = TEN[7:]
    async with workshop.open() as jobs:
        first = await sync(jobs, max_videos_per_day=4)
        second = await sync(jobs, max_videos_per_day=5)
        third = await sync(jobs, max_videos_per_day=5)
        other = await sync(jobs, OTHER, max_videos_per_day=2)
    assert [each.progress.succeeded for each in (first, second, third, other)] == [4, 1, 0, 2]
    assert {*beyond(second), *beyond(third), *beyond(other)} == {"max_videos_per_day"}
    with sqlite3.connect(workshop.state_path / "jobs.db") as database:
        database.execute("UPDATE job_videos SET finished_at = finished_at - ?", [_DAY])
    async with workshop.open() as jobs:
        assert (await sync(jobs, max_videos_per_day=5)).progress.succeeded == 2
    assert len(workshop.download.started) == len(set(workshop.download.started)) == 9


async def test_no_video_is_fetched_after_the_bytes(workshop: Workshop) -> None:
    workshop.metadata.playlists[UPLOADS] = TEN
    config = DownloadConfig(concurrency=1, pace="off")
    workshop.settings = workshop.settings.model_copy(update={"download": config})
    async with workshop.open() as jobs:
        first = await sync(jobs, max_bytes=1)
        second = await sync(jobs, max_bytes_per_day=1)
        third = await sync(jobs)
    assert (beyond(first), beyond(second)) == ({"max_bytes"}, {"max_bytes_per_day"})
    assert 1 <= first.progress.succeeded <= 2  # those that had started
    assert second.progress.succeeded == 0
    assert third.progress.succeeded + first.progress.succeeded == 10


async def test_job_without_limits_archives_what_a_limit_excluded(workshop: Workshop) -> None:
    workshop.metadata.playlists[UPLOADS] = TEN
    async with workshop.open() as jobs:
        await sync(jobs, max_videos=3)
        everything = await sync(jobs)
    assert everything.progress.succeeded == 7


@given(st.integers(1, 9), st.integers(1, 9))
def test_limits_exclude_no_video_by_its_facts(videos: int, size: int) -> None:
    limited = VideoFilter(max_videos=videos, max_videos_per_day=videos, max_bytes=size)
    assert limited.exclusion(Facts(title="A")) is None
    assert not limited.has_criteria
    assert limited.covers(VideoFilter())
    assert limited.has_limits
    assert not VideoFilter(newest=3, min_duration=3).has_limits
