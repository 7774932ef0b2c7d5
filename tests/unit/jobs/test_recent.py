"""A job read again is the same object until the next write, and never an outdated one."""

import asyncio
from pathlib import Path

from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.unit.jobs.peers import video_id
from ytarchive.common.database import Database
from ytarchive.common.errors import PrivateVideo
from ytarchive.jobs import Job, JobView
from ytarchive.jobs.queue.recent import RecentJobs
from ytarchive.jobs.queue.repository import SCHEMA, JobsRepository


async def test_an_unchanged_job_is_the_same_object(workshop: Workshop) -> None:
    workshop.download.failures = {video_id(1): [PrivateVideo()]}
    async with workshop.open(whole_queue=False) as jobs:
        created = await jobs.create_job(videos(video_id(1)))
        jobs.work_on(created.id)
        await ended(jobs, created.id)
        await jobs.retry_job(created.id)
        done = await ended(jobs, created.id)
        brief = await jobs.get_job(created.id, JobView(expand=False))
        other = await jobs.create_job(videos(video_id(2)))
        after = await jobs.get_job(created.id)
        again = await jobs.get_job(created.id)
        cancelled = await jobs.cancel_job(other.id)

    assert again is after
    assert after == done
    assert (brief.results, brief.progress) == ([], done.progress)
    assert cancelled.status == "CANCELLED"


async def test_every_write_that_was_answered_is_seen_at_once(tmp_path: Path) -> None:
    async with await Database.open(tmp_path / "jobs.db", SCHEMA) as database:
        jobs = JobsRepository(database)
        job_id = (await jobs.create(videos(video_id(1)), "trace")).id

        async def rename(number: int) -> None:
            await jobs.set_list(job_id, f"{number}", None)
            seen = await jobs.job(job_id)
            assert seen is not None
            assert int(seen.title or -1) >= number

        reading = True

        async def read() -> None:
            while reading:
                await jobs.job(job_id)
                await asyncio.sleep(0)  # what is in memory is given at once

        readers = [asyncio.create_task(read()) for _ in range(3)]
        for number in range(300):
            await rename(number)
        reading = False
        await asyncio.gather(*readers)


async def test_a_job_read_during_a_commit_is_not_cached(tmp_path: Path) -> None:
    async with await Database.open(tmp_path / "jobs.db", SCHEMA) as database:
        jobs = JobsRepository(database)
        job_id = (await jobs.create(videos(video_id(1)), "trace")).id
        old = await jobs.job(job_id)
        recent = RecentJobs(database)

        async def slow() -> Job | None:
            await jobs.set_list(job_id, "new", None)
            return old

        assert await recent.get((job_id, True), slow) is old
        found = await recent.get((job_id, True), lambda: jobs.job(job_id))

    assert found is not None
    assert found.title == "new"


async def test_large_jobs_are_not_accumulated(tmp_path: Path) -> None:
    async with await Database.open(tmp_path / "jobs.db", SCHEMA) as database:
        jobs = JobsRepository(database)
        ids = [
            (await jobs.create(videos(*(video_id(n) for n in range(2000))), "trace")).id
            for _ in range(3)
        ]
        first = [await jobs.job(job_id, expand=True) for job_id in ids]
        again = [await jobs.job(job_id, expand=True) for job_id in reversed(ids)]

    assert [a is b for a, b in zip(reversed(again), first, strict=True)] == [False, True, True]
