"""Fresh videos that YouTube had not finished processing, with real workers and a set clock."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandInProcess
from tests.waiting import eventually
from ytarchive.app import open_services
from ytarchive.common.config import Settings, load_settings
from ytarchive.common.models import to_micros, utc_now
from ytarchive.discovery import Archive
from ytarchive.jobs import (
    CreateJob,
    GovernorAPI,
    Job,
    JobOptions,
    JobQuery,
    JobType,
    OriginsAPI,
    RequestedQuery,
)
from ytarchive.jobs.rechecking import rechecks
from ytarchive.jobs.service import JobsService
from ytarchive.logging import Console
from ytarchive.storage import (
    ExistsRequest,
    MarksAPI,
    RemoveVideos,
    TrashAPI,
    TrashQuery,
    VideoMarks,
)

ONLY_360P, ALL = [134, 140], [134, 136, 137, 140]
DAY, WEEK = timedelta(days=1, minutes=1), timedelta(days=7, minutes=1)


@pytest.fixture(scope="module")
def youtube() -> Iterator[StandInProcess]:
    with StandInProcess() as process:
        yield process


@pytest.fixture
def settings(tmp_path: Path, youtube: StandInProcess) -> Settings:
    return load_settings(
        storage={"base_path": tmp_path / "archive", "min_free": 0},
        download={"pace": "off"},
        jobs={"retry_base": 0.1, "notification_timeout": 0.5, "shutdown_grace": 0},
        network={"proxy": youtube.proxy_url, "ca_file": youtube.ca_file},
    )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    clock = Clock()
    monkeypatch.setattr(rechecks, "utc_now", lambda: utc_now() + clock.ahead)
    return clock


class Clock:
    """The clock of the rechecks, ahead of the machine's."""

    ahead = timedelta(0)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Archive]:
    async with open_services(settings, whole_queue=True, console=Console.WARNINGS) as (found, _):
        yield found


def added(youtube: StandInProcess, *, hours: float = 1, **fields: Any) -> str:
    """Add a video that was uploaded some hours ago, and of which only 360p is processed."""
    uploaded = (utc_now() - timedelta(hours=hours)).isoformat()
    details = {"title": "Fresh", "itags": ONLY_360P, "uploaded": uploaded, **fields}
    video_id: str = youtube.ask("/videos", details)["id"]
    return video_id


async def archived(archive: Archive, *video_ids: str, subscription: str | None = None) -> None:
    options = JobOptions(include_captions=False, include_thumbnail=False)
    request = CreateJob(
        type=JobType.VIDEO_DOWNLOAD,
        video_ids=list(video_ids),
        options=options,
        subscription_id=subscription,
    )
    await ended(archive, (await archive.jobs.create_job(request)).id)


async def ended(archive: Archive, job_id: str) -> Job:
    async def final() -> Job | None:
        job = await archive.jobs.get_job(job_id)
        return job if job.status.is_final else None

    return await eventually(final, 60)


async def rechecked(archive: Archive) -> list[Job]:
    """Run the duty twice, as after two hours; return all jobs that it has created."""
    assert isinstance(archive.jobs, JobsService)
    await archive.jobs.rechecks.run()
    await archive.jobs.rechecks.run()
    found = (await archive.jobs.list_jobs(JobQuery())).items
    return [job for job in found if job.subscription_id == "quality-recheck"]


async def quality(archive: Archive, video_id: str) -> str | None:
    location = (await archive.storage.video_exists(video_id)).location
    assert location is not None
    return location.quality


def media_requests(youtube: StandInProcess, video_id: str) -> int:
    return len(youtube.ask(f"/requests?kind=media&video_id={video_id}"))


async def test_fresh_video_is_upgraded_after_a_day(
    settings: Settings, youtube: StandInProcess, clock: Clock
) -> None:
    video_id = added(youtube)
    async with opened(settings) as archive:
        await archived(archive, video_id)
        assert await quality(archive, video_id) == "360p"
        assert await rechecked(archive) == []
    youtube.change_video(video_id, itags=ALL)
    clock.ahead = DAY
    async with opened(settings) as archive:  # after a restart
        [job] = await rechecked(archive)
        assert (job.title, job.options.priority) == ("quality recheck after a day", -10)
        [result] = (await ended(archive, job.id)).results
        assert (result.status, result.quality) == ("success", "1080p")
        assert await quality(archive, video_id) == "1080p"
        trash = (await archive.of(TrashAPI).list_trash(TrashQuery())).items
        assert [item.video_id for item in trash] == [video_id]
        clock.ahead = WEEK
        assert len(await rechecked(archive)) == 1


async def test_recheck_does_not_count_as_a_request_of_a_user(
    settings: Settings, youtube: StandInProcess, clock: Clock
) -> None:
    """Retention may remove the better media of a subscription as it may remove the earlier one."""
    video_id = added(youtube)
    async with opened(settings) as archive:
        await archived(archive, video_id, subscription="some-subscription")
        await rechecked(archive)
        youtube.change_video(video_id, itags=ALL)
        clock.ahead = DAY
        [job] = await rechecked(archive)
        await ended(archive, job.id)
        requested = await archive.of(OriginsAPI).find_requested(
            RequestedQuery(video_ids=[video_id])
        )
        assert requested.video_ids == []
        location = (await archive.storage.video_exists(video_id)).location
    assert location is not None
    with closing(sqlite3.connect(settings.storage.state_path / "jobs.db")) as database:
        [row] = database.execute("SELECT video_id, stored_at FROM origins").fetchall()
    assert (location.quality, row) == ("1080p", (video_id, to_micros(location.stored_at)))


async def test_video_that_stays_at_360p_is_looked_at_twice_and_fetched_only_when_better(
    settings: Settings, youtube: StandInProcess, clock: Clock
) -> None:
    video_id = added(youtube)
    async with opened(settings) as archive:
        await archived(archive, video_id)
        assert (before := media_requests(youtube, video_id)) > 0
        clock.ahead = DAY
        [first] = await rechecked(archive)
        [result] = (await ended(archive, first.id)).results
        assert (result.status, media_requests(youtube, video_id)) == ("skipped", before)
        assert result.message == "already in the archive; YouTube has nothing better than 360p"
        youtube.change_video(video_id, itags=ALL)
        clock.ahead = WEEK
        jobs = await rechecked(archive)
        assert {job.title for job in jobs} == {
            "quality recheck after a day", "quality recheck after 7 days",
        }  # fmt: skip
        [second] = [job for job in jobs if job.id != first.id]
        await ended(archive, second.id)
        assert await quality(archive, video_id) == "1080p"
        clock.ahead = 3 * WEEK
        assert len(await rechecked(archive)) == 2


async def test_other_videos_are_never_rechecked(
    settings: Settings, youtube: StandInProcess, clock: Clock
) -> None:
    """One that was old when it was stored, one as good as requested, and one of sound alone."""
    old, complete = added(youtube, hours=72), added(youtube, itags=ALL)
    sound = added(youtube)
    async with opened(settings) as archive:
        await archived(archive, old, complete)
        options = JobOptions(quality="audio")
        request = CreateJob(type=JobType.VIDEO_DOWNLOAD, video_ids=[sound], options=options)
        await ended(archive, (await archive.jobs.create_job(request)).id)
        for clock.ahead in (timedelta(0), DAY, WEEK):
            assert await rechecked(archive) == []


async def test_marked_videos_are_not_fetched(
    settings: Settings, youtube: StandInProcess, clock: Clock
) -> None:
    removed, known, later = (added(youtube) for _ in range(3))
    async with opened(settings) as archive:
        await archived(archive, removed, known, later)
        await rechecked(archive)
        requests = {each: media_requests(youtube, each) for each in (removed, known, later)}
        await archive.of(TrashAPI).remove_videos(RemoveVideos(video_ids=[removed]))
        await archive.of(MarksAPI).set_marks(known, VideoMarks(known_elsewhere="a disk"))
        for each in requests:
            youtube.change_video(each, itags=ALL)
        await archive.of(GovernorAPI).pause_governor()
        clock.ahead = DAY
        [job] = await rechecked(archive)
        assert job.video_ids == [later]
        await archive.of(TrashAPI).remove_videos(RemoveVideos(video_ids=[later]))
        await archive.of(GovernorAPI).resume_governor()
        [result] = (await ended(archive, job.id)).results
        assert result.status == "skipped"
        assert {each: media_requests(youtube, each) for each in requests} == requests
        stored = await archive.storage.videos_exist(ExistsRequest(video_ids=list(requests)))
        assert stored.video_ids == [known]
