"""The order of the queue: new uploads first, and backfills of several sources in turn."""

from itertools import pairwise

from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.unit.jobs.peers import video_id
from tests.waiting import until
from ytarchive.jobs import CreateJob, JobOptions, JobType

BIG = [video_id(number) for number in range(1000)]
SMALL = [video_id(number) for number in range(2000, 2010)]
NEW = [video_id(number) for number in range(3000, 3003)]


def backfill(playlist_id: str) -> CreateJob:
    options = JobOptions(include_metadata=False)
    return CreateJob(type=JobType.PLAYLIST_DOWNLOAD, playlist_id=playlist_id, options=options)


async def test_a_small_list_is_not_starved_by_a_large_one(workshop: Workshop) -> None:
    workshop.metadata.playlists = {"PLbig": BIG, "PLsmall": SMALL}
    async with workshop.open() as jobs:
        large = await jobs.create_job(backfill("PLbig"))
        await until(lambda: len(workshop.download.started) >= 20)
        small = await jobs.create_job(backfill("PLsmall"))
        job = await ended(jobs, small.id)
        started = list(workshop.download.started)
        await jobs.cancel_job(large.id)

    turns = [number for number, each in enumerate(started) if each in SMALL]
    between = [later - earlier for earlier, later in pairwise(turns)]
    assert job.progress.succeeded == len(SMALL)
    assert len(turns) == len(SMALL)
    assert max(between) <= 3  # in turn; two starts may be exchanged
    assert len(started) < len(BIG)


async def test_new_uploads_start_before_the_rest_of_a_backfill(workshop: Workshop) -> None:
    workshop.metadata.playlists = {"PLbig": BIG}
    workshop.download.hold = set(BIG)
    async with workshop.open() as jobs:
        large = await jobs.create_job(backfill("PLbig"))
        await until(lambda: workshop.download.running == 7)
        uploads = await jobs.create_job(videos(*NEW, priority=10))
        await workshop.download.end(next(iter(workshop.download.tasks)))
        await until(  # a job is planned when a slot is free
            lambda: any(set(NEW) <= {*batch.video_ids} for batch in workshop.metadata.batches)
        )
        workshop.download.hold.clear()
        for task in list(workshop.download.tasks)[1:]:
            await workshop.download.end(task)
        await ended(jobs, uploads.id)
        started = list(workshop.download.started)
        await jobs.cancel_job(large.id)

    assert max(started.index(each) for each in NEW) < 40  # of 1,003
