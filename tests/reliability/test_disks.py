"""A full, failing or read-only disk during the whole flow is reported, and nothing is lost."""

import asyncio
import errno
import io
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.disks import mounted
from tests.reliability import archive
from tests.reliability.report import record
from tests.reliability.scale import FULL, chance
from tests.standin import StandInProcess
from ytarchive.app import open_services
from ytarchive.common import supervision
from ytarchive.common.config import Settings, load_settings
from ytarchive.common.errors import DiskFull
from ytarchive.discovery import Archive
from ytarchive.jobs import CreateJob, Job, JobOptions, JobType
from ytarchive.jobs.queue import policy
from ytarchive.logging import Console

MEBIBYTE = 2**20
FREE = (0, 64, 200, 500, 1000, 2000, 4000, 6000)
"""KiB that are free when a job is created: each lets the flow continue a little further."""
FAULTS = 6
MANY = 10**6


@pytest.fixture(scope="module")
def youtube() -> Iterator[StandInProcess]:
    with StandInProcess(
        "--scenario", "playlist60", "--media-padding", str(3 * MEBIBYTE)
    ) as process:
        yield process


@pytest.fixture(scope="module")
def videos(youtube: StandInProcess) -> Iterator[str]:
    """Fresh videos."""
    found: list[str] = youtube.ask("/catalogue")["playlists"][youtube.ids["playlist60"]["playlist"]]
    return iter(found)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    with mounted(tmp_path / "disk", "size=24m") as folder:
        yield folder


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check the disk again after fractions of a second."""
    monkeypatch.setattr(policy, "_DISK_RECHECK", timedelta(seconds=0.5))
    monkeypatch.setattr(policy, "_STORAGE_RECHECK", timedelta(seconds=0.5))
    monkeypatch.setattr(supervision, "_FIRST_PAUSE", 0.2)


def settings_for(base_path: Path, youtube: StandInProcess, **storage: Any) -> Settings:
    return load_settings(
        storage={"base_path": base_path, "min_free": 0, **storage},
        download={"pace": "off"},
        jobs={"retry_base": 0.1, "notification_timeout": 0.5, "shutdown_grace": 0},
        network={"proxy": youtube.proxy_url, "ca_file": youtube.ca_file},
    )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Archive]:
    async with open_services(settings, whole_queue=True, console=Console.WARNINGS) as (found, _):
        yield found


def job_for(video_id: str) -> CreateJob:
    options = JobOptions(quality="360p", max_retries=2)
    return CreateJob(type=JobType.VIDEO_DOWNLOAD, video_ids=[video_id], options=options)


async def ended(services: Archive, job_id: str) -> Job:
    async with asyncio.timeout(60):
        while not (job := await services.jobs.get_job(job_id)).status.is_final:
            await asyncio.sleep(0.05)
    return job


async def held(services: Archive, job_id: str) -> Job:
    """The job, once it has the reason of its wait."""
    async with asyncio.timeout(60):
        while not (job := await services.jobs.get_job(job_id)).progress.waiting_for:
            await asyncio.sleep(0.05)
    return job


def fill(disk: Path, free_kib: int) -> Path:
    """Take all space but so much."""
    filler = disk / "filler"
    while True:
        state = os.statvfs(disk)
        size = state.f_bavail * state.f_frsize - free_kib * 1024
        try:
            with filler.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(size, 1))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            filler.unlink()  # the server has written something meanwhile: measure again
        else:
            return filler


async def test_a_full_disk_makes_jobs_wait_and_lose_nothing(
    small_disk: Path, youtube: StandInProcess, videos: Iterator[str]
) -> None:
    base_path = small_disk / "archive"
    waited = 0
    async with opened(settings_for(base_path, youtube)) as services:
        for free in FREE:
            video_id = next(videos)
            filler = await asyncio.to_thread(fill, small_disk, free)
            try:
                job = await services.jobs.create_job(job_for(video_id))
            except DiskFull:
                filler.unlink()
                job = await services.jobs.create_job(job_for(video_id))
            else:
                await asyncio.sleep(1.5)  # whatever it can do, it has done
                job = await services.jobs.get_job(job.id)
                waited += not job.status.is_final
                filler.unlink()
            job = await ended(services, job.id)
            assert (job.status, job.results[0].attempts) == ("COMPLETED", 1), (free, job)
    found = archive.contents(base_path)
    assert waited >= len(FREE) // 2
    assert set(found.verdicts.values()) == {"ok"}
    assert len(found.videos) == len(FREE)
    assert archive.wrong_files(base_path, found.files) == []
    assert len(archive.media_digests(base_path)) == 1
    assert archive.leftovers(base_path) == []


async def test_a_job_on_a_read_only_disk_waits_with_that_reason_and_resumes(
    small_disk: Path, tmp_path: Path, youtube: StandInProcess, videos: Iterator[str]
) -> None:
    base_path = small_disk / "archive"
    settings = settings_for(base_path, youtube, state_dir=tmp_path / "state")
    async with opened(settings) as services:
        remount(small_disk, "ro")
        created = await services.jobs.create_job(job_for(next(videos)))
        waiting = await held(services, created.id)
        assert waiting.progress.waiting_reason == "read_only"
        assert "Read-only" in (waiting.progress.waiting_for or "")
        remount(small_disk, "rw")
        job = await ended(services, created.id)
        assert (job.status, job.results[0].attempts) == ("COMPLETED", 1)


def remount(disk: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True)


class FailingDisk:
    """Lets some operations below a folder succeed; the next one fails."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path, passes: int, number: int) -> None:
        self._folder, self._left, self._number = str(folder), passes, number
        for name in ("rename", "replace", "mkdir", "open", "unlink", "fsync"):
            patch.setattr(os, name, self._failing(getattr(os, name)))
        patch.setattr(io, "open", self._failing(io.open))

    @property
    def left(self) -> int:
        """How many operations would still pass; negative once one has failed."""
        return self._left

    def _failing(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def failing(target: Any, *args: Any, **kwargs: Any) -> Any:
            if operation is os.fsync or str(target).startswith(self._folder):
                self._left -= 1
                if self._left == -1:
                    raise OSError(self._number, os.strerror(self._number), str(target))
            return operation(target, *args, **kwargs)

        return failing


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
async def test_an_operation_that_fails_at_any_step_is_completed_later(
    number: int,
    tmp_path: Path,
    youtube: StandInProcess,
    videos: Iterator[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The N-th operation of the server on the archive's files fails, for every N (or some)."""
    base_path = tmp_path / "archive"
    async with opened(settings_for(base_path, youtube)) as services:
        options = JobOptions(quality="360p", max_retries=2, skip_existing=False)
        request = job_for(next(videos)).model_copy(update={"options": options})

        async def left_of(passes: int) -> int:
            """Archive the video, with the fault after so many operations."""
            with monkeypatch.context() as patch:
                disk = FailingDisk(patch, base_path, passes, number)
                job = await ended(services, (await services.jobs.create_job(request)).id)
                assert job.status == "COMPLETED", (passes, job)
                assert job.results[0].attempts <= 2
                return disk.left

        await left_of(MANY)  # there is less to be moved the first time
        operations = MANY - await left_of(MANY)
        chosen = chance(f"disk {errno.errorcode[number]}").sample(range(operations), k=FAULTS)
        met = [await left_of(passes) < 0 for passes in (range(operations) if FULL else chosen)]
    found = archive.contents(base_path)
    record(f"Disk: {errno.errorcode[number]}", f"{sum(met)} of {operations} operations failed once")
    assert operations > 2 * FAULTS
    assert sum(met) > len(met) // 2
    assert set(found.verdicts.values()) == {"ok"}
    assert archive.wrong_files(base_path, found.files) == []
    assert archive.leftovers(base_path) == []
