"""Errors from outside ytarchive's own classes, at every step of a job."""

import asyncio
import errno
import os
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.unit.jobs.conftest import Workshop, ended, held, videos
from tests.unit.jobs.peers import video_id
from tests.waiting import until
from ytarchive.common import supervision
from ytarchive.jobs import CreateJob, JobStatus, JobType
from ytarchive.jobs.queue.repository import JobsRepository
from ytarchive.storage import VideoExists

FAILURES = [
    *(
        OSError(number, os.strerror(number), "/archive/videos")
        for number in (errno.ESTALE, errno.EIO, errno.EACCES, errno.ENOTCONN, errno.EMFILE)
    ),
    sqlite3.OperationalError("Could not decode to UTF-8 column 'title'"),
    ValueError("not what it should be"),
]
NAMES = ["ESTALE", "EIO", "EACCES", "ENOTCONN", "EMFILE", "sqlite3", "ValueError"]
PLAYLIST = "PLmany"

every_failure = pytest.mark.parametrize("failure", FAILURES, ids=NAMES)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervision, "_LONGEST_PAUSE", 0.02)


class Failing:
    """Precedes an operation and fails while it is set to."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, failure: Exception
    ) -> None:
        self.calls, self.is_on, self._failure = 0, True, failure
        original: Callable[..., Awaitable[object]] = getattr(owner, name)

        async def operation(*arguments: object, **more: object) -> object:
            self.calls += 1
            if self.is_on:
                raise self._failure
            return await original(*arguments, **more)

        monkeypatch.setattr(owner, name, operation)


@every_failure
async def test_a_job_whose_planning_fails_reports_it_and_ends_after_the_cause(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    fault = Failing(monkeypatch, workshop.storage, "videos_exist", failure)
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(video_id(1), video_id(2)))
        waiting = await held(jobs, created.id)
        health = await jobs.health()
        fault.is_on = False
        job = await ended(jobs, created.id)
        after = await jobs.health()

    assert created.id in (waiting.progress.waiting_for or "")
    assert not health.checks["background"]
    assert created.id in " ".join(health.problems.values())
    assert (job.status, job.progress.succeeded) == (JobStatus.COMPLETED, 2)
    assert (after.status, after.problems) == ("healthy", {})


@every_failure
async def test_a_listing_with_an_unexpected_error_is_repeated(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    workshop.metadata.playlists[PLAYLIST] = [video_id(n) for n in range(3)]
    fault = Failing(monkeypatch, workshop.storage, "save_playlist", failure)
    async with workshop.open() as jobs:
        created = await jobs.create_job(
            CreateJob(type=JobType.PLAYLIST_DOWNLOAD, playlist_id=PLAYLIST)
        )
        await held(jobs, created.id)
        fault.is_on = False
        job = await ended(jobs, created.id)

    assert (job.status, job.progress.total) == (JobStatus.COMPLETED, 3)
    assert job.progress.succeeded + job.progress.skipped == 3


@every_failure
@pytest.mark.parametrize("step", ["due", "active", "set_running"])
async def test_the_queue_survives_an_unexpected_error_and_loses_no_video(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, step: str, failure: Exception
) -> None:
    fault = Failing(monkeypatch, JobsRepository, step, failure)
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(video_id(1)))
        await held(jobs, created.id)
        fault.is_on = False
        job = await ended(jobs, created.id)

    assert (job.status, job.progress.succeeded) == (JobStatus.COMPLETED, 1)


async def test_a_planned_job_keeps_its_turn_while_its_videos_cannot_be_read(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervision, "_LONGEST_PAUSE", 0.01)
    fault = Failing(monkeypatch, JobsRepository, "due", OSError(errno.EIO, os.strerror(errno.EIO)))
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(video_id(1)))
        await until(lambda: workshop.metadata.batches)
        planned = fault.calls
        await until(lambda: fault.calls >= planned + 5)
        fault.is_on = False
        job = await ended(jobs, created.id)

    assert (job.status, job.progress.succeeded) == (JobStatus.COMPLETED, 1)


@every_failure
async def test_a_result_that_cannot_be_stored_causes_no_busy_loop(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setattr(supervision, "_FIRST_PAUSE", 0.2)
    monkeypatch.setattr(supervision, "_LONGEST_PAUSE", 0.2)
    fault = Failing(monkeypatch, JobsRepository, "set_result", failure)
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(video_id(1)))
        other = await jobs.create_job(videos(video_id(2), video_id(3)))
        waiting = await held(jobs, created.id)
        before, began = fault.calls, asyncio.get_running_loop().time()
        await until(lambda: fault.calls >= before + 3)
        rate = (fault.calls - before) / (asyncio.get_running_loop().time() - began)
        fault.is_on = False
        job = await ended(jobs, created.id)
        assert (await ended(jobs, other.id)).status is JobStatus.COMPLETED

    assert rate < 3 * 10
    assert video_id(1) in (waiting.progress.waiting_for or "")
    assert job.status is JobStatus.COMPLETED


async def test_a_video_whose_files_cannot_be_read_delays_no_other(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytarchive.jobs.queue.policy._STORAGE_RECHECK", timedelta(seconds=0.05))
    unreachable, original = {video_id(1)}, workshop.storage.video_exists

    async def video_exists(video_id: str) -> VideoExists:
        if video_id in unreachable:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), "/archive/videos")
        return await original(video_id)

    monkeypatch.setattr(workshop.storage, "video_exists", video_exists)
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(*(video_id(n) for n in range(1, 5)), max_retries=0))
        await until(lambda: len(workshop.storage.saves) == 3)
        waiting = await held(jobs, created.id)
        unreachable.clear()
        job = await ended(jobs, created.id)

    assert waiting.progress.waiting_reason == "stale_share"
    assert [result.status for result in job.results] == ["success"] * 4
    assert job.results[0].attempts == 1
