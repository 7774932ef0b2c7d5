"""A change of the wall clock, by a user, the network or daylight saving, does not affect waits."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.unit.jobs.peers import video_id
from tests.waiting import eventually, until
from ytarchive.common.errors import LiveVideo, ToolFailed, UpcomingVideo
from ytarchive.common.models import utc_now
from ytarchive.jobs import Job, JobProgress, ResultStatus
from ytarchive.jobs.queue.clock import ClockWatch
from ytarchive.jobs.service import JobsService

ONE = video_id(1)
AN_HOUR = timedelta(hours=1)


@dataclass
class Wall:
    """The wall clock, and how far it is off."""

    off_by: timedelta = timedelta(0)

    def now(self) -> datetime:
        return utc_now() + self.off_by


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    clock = Wall()
    for module in ("policy", "queue", "rows"):
        monkeypatch.setattr(f"ytarchive.jobs.queue.{module}.utc_now", clock.now)
    monkeypatch.setattr("ytarchive.jobs.queue.queue._MAX_WAIT", 0.02)
    return clock


def patient(workshop: Workshop, seconds: float) -> None:
    """Let the first retry be so many seconds later."""
    jobs = workshop.settings.jobs.model_copy(update={"retry_base": seconds})
    workshop.settings = workshop.settings.model_copy(update={"jobs": jobs})


async def waits(jobs: JobsService, job_id: str) -> JobProgress | None:
    progress = (await jobs.get_job(job_id)).progress
    return progress if progress.waiting_until else None


async def wait_of(jobs: JobsService, job_id: str, wall: Wall) -> timedelta:
    """How long the job's video still waits, by the wall clock."""
    progress = await eventually(lambda: waits(jobs, job_id))
    assert progress.waiting_until is not None
    return progress.waiting_until - wall.now()


@pytest.mark.parametrize("days", [-365, -1, 1, 365])
async def test_a_retry_is_not_delayed_by_a_change_of_the_clock(
    workshop: Workshop, wall: Wall, days: int
) -> None:
    patient(workshop, 1)
    workshop.download.failures = {ONE: [ToolFailed()]}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(ONE))
        await eventually(lambda: waits(jobs, created.id))
        wall.off_by = timedelta(days=days)
        job = await ended(jobs, created.id)

    assert job.results[0].attempts == 2


@pytest.mark.parametrize("days", [-1, 1])
async def test_a_retry_is_not_earlier_after_a_change_of_the_clock(
    workshop: Workshop, wall: Wall, days: int
) -> None:
    patient(workshop, 1800)
    workshop.download.failures = {ONE: [ToolFailed()]}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(ONE))
        assert await wait_of(jobs, created.id, wall) > timedelta(minutes=20)
        wall.off_by = timedelta(days=days)

        async def is_right() -> bool:
            return timedelta(minutes=20) < await wait_of(jobs, created.id, wall) < AN_HOUR

        await eventually(is_right)

    assert workshop.download.started == [ONE]


async def test_a_premiere_is_queued_again_at_its_own_time(
    workshop: Workshop, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytarchive.jobs.retrying.parked_retries.INTERVAL", 0.01)
    start = utc_now() + timedelta(days=12)
    workshop.download.failures = {ONE: [UpcomingVideo(retry_after=start.isoformat())]}
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(videos(ONE))).id)
        [result] = job.results
        assert (result.status, result.attempts) == (ResultStatus.UNAVAILABLE, 0)
        assert result.retry_after is not None
        assert timedelta(0) <= result.retry_after - start <= timedelta(minutes=2)
        [entry] = workshop.storage.plans[job.id].unavailable_videos
        assert (entry.reason, entry.retry_after) == ("upcoming", result.retry_after)
        wall.off_by = timedelta(days=12, hours=1)
        await until(lambda: ONE in workshop.storage.stored)
        job = await ended(jobs, job.id)

    assert job.results[0].status is ResultStatus.SUCCESS
    assert workshop.download.started == [ONE, ONE]


async def test_a_clock_set_back_while_nothing_ran_delays_a_retry_by_minutes(
    workshop: Workshop, wall: Wall
) -> None:
    patient(workshop, 30)
    workshop.download.failures = {ONE: [ToolFailed()]}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(ONE))
        await eventually(lambda: waits(jobs, created.id))
    wall.off_by = timedelta(days=-1)
    async with workshop.open() as jobs:
        assert await wait_of(jobs, created.id, wall) <= timedelta(minutes=5)


@pytest.fixture(params=["Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kathmandu"])
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


async def test_the_time_zone_of_the_machine_has_no_effect(workshop: Workshop, zone: str) -> None:
    workshop.download.failures = {ONE: [ToolFailed()]}
    async with workshop.open() as jobs:
        job: Job = await ended(jobs, (await jobs.create_job(videos(ONE))).id)

    assert job.results[0].attempts == 2
    assert abs(utc_now() - job.updated_at) < timedelta(minutes=1), zone


def test_a_set_clock_is_distinguished_from_a_corrected_one() -> None:
    start = utc_now()
    wall, passed = [start], [0.0]
    watch = ClockWatch(lambda: wall[0], lambda: passed[0])
    wall[0], passed[0] = start + timedelta(seconds=59), 60
    assert watch.jump() is None
    wall[0], passed[0] = start + timedelta(hours=2), 120
    jump = watch.jump()
    assert jump is not None
    assert jump.before == start + timedelta(seconds=119)
    assert jump.by == timedelta(hours=2) - timedelta(seconds=119)
    assert watch.jump() is None


async def test_waiting_until_is_shown_while_nothing_can_start(workshop: Workshop) -> None:
    workshop.download.failures = {ONE: [LiveVideo()]}
    workshop.download.hold = {video_id(2)}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(ONE, video_id(2)))
        await until(lambda: video_id(2) in workshop.download.started)
        assert await waits(jobs, created.id) is None  # another is being fetched
        await workshop.download.end(workshop.download.task_of(video_id(2)))
        progress = await eventually(lambda: waits(jobs, created.id))

    assert progress.waiting_reason == "live"
