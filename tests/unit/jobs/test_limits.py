"""Download windows and daily caps: when videos of the queue start, and the reported reason."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.unit.jobs.peers import video_id
from tests.waiting import eventually, until
from ytarchive.common.database import Database
from ytarchive.common.download_config import DownloadConfig
from ytarchive.common.errors import UnknownFailure
from ytarchive.jobs import EventQuery, Job
from ytarchive.jobs.limits.limits import QueueLimits
from ytarchive.jobs.queue.repository import SCHEMA
from ytarchive.jobs.service import JobsService

BERLIN = ZoneInfo("Europe/Berlin")
MANY = [video_id(number) for number in range(5)]


def limited(workshop: Workshop, **limits: Any) -> None:
    config = DownloadConfig(concurrency=1, pace="off", **limits)  # at most two active videos
    workshop.settings = workshop.settings.model_copy(update={"download": config})


def hours_from_now(first: float, last: float) -> str:
    now = datetime.now().astimezone()
    start, end = (now + timedelta(hours=each) for each in (first, last))
    return f"{start:%H:%M}-{end:%H:%M}"


async def waits(jobs: JobsService, job_id: str, reason: str) -> Job:
    async def found() -> Job | None:
        job = await jobs.get_job(job_id)
        return job if job.progress.waiting_reason == reason else None

    return await eventually(found)


async def test_no_video_starts_outside_the_windows_and_the_next_one_is_named(
    workshop: Workshop,
) -> None:
    limited(workshop, windows=[hours_from_now(2, 3)])
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(*MANY))
        waiting = await waits(jobs, created.id, "outside_window")
        state = await jobs.governor.get_governor()
        health = await jobs.health()
        await asyncio.sleep(0.05)
        assert workshop.download.started == []
    limited(workshop, windows=[hours_from_now(-1, 1)])
    async with workshop.open() as jobs:
        job = await ended(jobs, created.id)

    opens = waiting.progress.waiting_until
    assert opens is not None
    assert timedelta(hours=1.9) < opens - datetime.now(UTC) < timedelta(hours=2.1)
    assert f"the next one opens at {opens:%Y-%m-%d %H:%M} UTC" in (
        waiting.progress.waiting_for or ""
    )
    assert (state.waiting_reason, state.waiting_until) == ("outside_window", opens)
    assert "download windows" in (health.waiting_for or "")
    assert health.is_healthy
    assert job.progress.succeeded == len(MANY)


async def test_a_video_that_waited_for_a_permit_does_not_start_after_the_window(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    admits = iter([False])
    original = QueueLimits.admits

    async def closed_once(self: QueueLimits, active: int) -> bool:
        return next(admits, True) and await original(self, active)

    monkeypatch.setattr(QueueLimits, "admits", closed_once)
    async with workshop.open() as jobs:
        job = await ended(jobs, (await jobs.create_job(videos(*MANY))).id)
    assert job.progress.succeeded == len(MANY)
    assert next(admits, None) is None


@pytest.mark.parametrize("most", [1, 2, 3])
async def test_jobs_fetch_at_most_the_videos_of_a_day_also_after_a_restart(
    workshop: Workshop, most: int
) -> None:
    workshop.download.failures = {MANY[0]: [UnknownFailure()]}
    limited(workshop, videos_per_day=most)
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(*MANY, max_retries=0))
        await until(lambda: len(workshop.storage.stored) == most)
        waiting = await waits(jobs, created.id, "daily_videos")
        assert len(workshop.storage.stored) == most
    async with workshop.open() as jobs:
        await waits(jobs, created.id, "daily_videos")
        assert len(workshop.storage.stored) == most
    limited(workshop, videos_per_day=100)
    async with workshop.open() as jobs:
        job = await ended(jobs, created.id)

    assert f"{most} of {most} videos" in (waiting.progress.waiting_for or "")
    assert workshop.storage.saves.total() == len(MANY) - 1
    assert (job.progress.succeeded, job.progress.failed) == (len(MANY) - 1, 1)


async def test_no_video_starts_after_the_bytes_of_a_day(workshop: Workshop) -> None:
    limited(workshop, bytes_per_day=2000)  # each video of the peer has 1000 bytes
    async with workshop.open() as jobs:
        events = await jobs.events.follow_events(EventQuery(kinds=["queue"]))
        await anext(events)
        created = await jobs.create_job(videos(*MANY))
        await waits(jobs, created.id, "daily_bytes")
        event = (await anext(events)).event
        await events.aclose()

    assert 2 <= len(workshop.storage.stored) <= 3  # the first two were active with one more
    assert event.kind == "queue"
    assert event.reason == "daily_bytes"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path / "jobs.db", SCHEMA) as opened:
        yield opened


async def test_caps_reset_at_local_midnight(database: Database) -> None:
    now = datetime(2026, 10, 25, 21, 0, tzinfo=UTC)  # 22:00 in Berlin, on a day of 25 hours
    limits = QueueLimits(database, DownloadConfig(videos_per_day=1), lambda: now, BERLIN)
    assert await limits.admits(0)
    assert not await limits.admits(1)
    waiting = limits.waiting()
    assert waiting is not None
    assert waiting.until == datetime(2026, 10, 26, tzinfo=BERLIN)
    now = datetime(2026, 10, 25, 23, 0, tzinfo=UTC)
    assert limits.waiting() is None


async def test_a_waiting_video_starts_when_an_active_one_ends(database: Database) -> None:
    limits = QueueLimits(database, DownloadConfig(videos_per_day=1))
    active = 1
    waiting = asyncio.create_task(limits.admit(lambda: active))
    await until(lambda: limits.waiting() is not None)
    assert not waiting.done()
    active = 0
    limits.video_ended()
    await asyncio.wait_for(waiting, 10)
