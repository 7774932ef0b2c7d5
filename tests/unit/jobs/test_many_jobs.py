"""The cost of a job does not increase with the number of jobs."""

import pytest

from tests.unit.jobs.conftest import Workshop, videos
from tests.unit.jobs.peers import video_id
from tests.waiting import until
from ytarchive.common.database import Database, Parameters, Row
from ytarchive.download import DownloadStatus
from ytarchive.jobs import JobQuery, JobStatus, JobType
from ytarchive.jobs.service import JobsService


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each query of any database gave."""
    found: list[int] = []
    select = Database.select

    async def counted(self: Database, sql: str, parameters: Parameters | None = None) -> list[Row]:
        rows = await select(self, sql, parameters)
        found.append(len(rows))
        return rows

    monkeypatch.setattr(Database, "select", counted)
    return found


async def run(workshop: Workshop, jobs: JobsService, first: int, count: int) -> None:
    for number in range(first, first + count):
        await jobs.create_job(videos(video_id(number)))
    await until(lambda: len(workshop.storage.saves) == first + count)


async def test_a_job_among_hundreds_costs_as_much_as_one_job(
    workshop: Workshop, reads: list[int]
) -> None:
    async with workshop.open() as jobs:
        await run(workshop, jobs, 0, 20)
        few, few_rows = len(reads), sum(reads)
        await run(workshop, jobs, 20, 400)
        many, many_rows = len(reads) - few, sum(reads) - few_rows

    assert many / 400 <= 1.5 * few / 20
    assert many_rows / 400 <= 1.5 * few_rows / 20


async def test_waiting_jobs_are_not_queried_repeatedly(
    workshop: Workshop, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytarchive.jobs.queue.queue._MAX_WAIT", 0.01)
    workshop.download.hold = {video_id(n) for n in range(5)}
    async with workshop.open() as jobs:
        for number in range(5):
            await jobs.create_job(videos(video_id(number)))
        await until(lambda: len(workshop.download.started) == 5)
        counts = [0] * 10

        def planned() -> bool:
            counts.append(len(reads))
            return counts[-1] == counts[-10]

        await until(planned)
        before = len(reads)
        rounds = 0

        def looked() -> bool:
            nonlocal rounds
            rounds += 1
            return rounds > 40

        await until(looked)
        assert len(reads) - before < 10


@pytest.mark.parametrize("restarted", [True, False])
async def test_jobs_are_planned_shortly_before_their_turn(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, restarted: bool
) -> None:
    monkeypatch.setattr("ytarchive.jobs.queue.queue._MAX_READY", 10)
    ids = [video_id(number) for number in range(40)]
    workshop.download.hold = {*ids}

    def planned() -> set[str]:
        return {each for batch in workshop.metadata.batches for each in batch.video_ids}

    async def create(jobs: JobsService) -> None:
        for each in ids[:-1]:
            await jobs.create_job(videos(each))

    if restarted:
        async with workshop.open(whole_queue=False) as jobs:
            await create(jobs)
    async with workshop.open() as jobs:
        if not restarted:
            await create(jobs)
        await until(lambda: len(workshop.download.started) >= 4)
        await jobs.create_job(videos(ids[-1], priority=1))
        await workshop.download.end(workshop.download.task_of(ids[0]))
        await until(lambda: ids[-1] in planned())
        assert len(planned() - {ids[-1]}) < 20
        workshop.download.hold.clear()
        for task in list(workshop.download.tasks.values()):
            if task.status is DownloadStatus.DOWNLOADING:
                await workshop.download.end(task.task_id)
        await until(lambda: len(workshop.storage.saves) == len(ids))


async def test_lists_by_status_and_type_have_their_own_order_and_pages(workshop: Workshop) -> None:
    async with workshop.open(whole_queue=False) as jobs:
        made = [(await jobs.create_job(videos(video_id(n)))).id for n in range(6)]
        for job_id in made[::2]:
            await jobs.cancel_job(job_id)
        one = await jobs.list_jobs(JobQuery(status=JobStatus.CANCELLED, limit=2))
        two = await jobs.list_jobs(
            JobQuery(status=JobStatus.CANCELLED, limit=2, cursor=one.next_cursor)
        )
        both = JobQuery(status=JobStatus.PENDING, type=JobType.VIDEO_DOWNLOAD)
        pending = await jobs.list_jobs(both)
        typed = await jobs.list_jobs(JobQuery(type=JobType.VIDEO_DOWNLOAD))
        none = await jobs.list_jobs(JobQuery(type=JobType.METADATA_ONLY))

    assert [job.id for job in [*one.items, *two.items]] == made[::2][::-1]
    assert [job.id for job in pending.items] == made[1::2][::-1]
    assert [job.id for job in typed.items] == made[::-1]
    assert none.items == []
