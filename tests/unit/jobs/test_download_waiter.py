"""Each notification of a download reaches the job that waits for it, and no other."""

import asyncio

from tests.unit.jobs.conftest import Workshop, ended, videos
from tests.unit.jobs.peers import DownloadPeer, video_id
from tests.waiting import until
from ytarchive.common.models import utc_now
from ytarchive.download import (
    DownloadEvent,
    DownloadProgress,
    DownloadRequest,
    DownloadStatus,
)
from ytarchive.jobs import JobStatus
from ytarchive.jobs.processing.download_waiter import DownloadWaiter

ONE = video_id(1)


def finished(task_id: str, request: DownloadRequest | None = None) -> DownloadEvent:
    return DownloadEvent(
        task_id=task_id,
        video_id=ONE,
        status=DownloadStatus.COMPLETED,
        finished_at=utc_now(),
        request=request,
    )


async def test_a_direct_download_is_stored_while_a_job_waits_for_its_own_one(
    workshop: Workshop,
) -> None:
    workshop.download.hold = {ONE}
    async with workshop.open() as jobs:
        created = await jobs.create_job(videos(ONE))
        await until(lambda: workshop.download.tasks)
        await jobs.download_finished(finished("direct", DownloadRequest(video_id=ONE)))
        assert workshop.storage.saves[ONE] == 1
        assert not (await jobs.get_job(created.id)).status.is_final
        await workshop.download.end(workshop.download.task_of(ONE))
        job = await ended(jobs, created.id)

    assert job.status is JobStatus.COMPLETED
    assert workshop.storage.saves[ONE] == 2


class SlowPeer(DownloadPeer):
    """Answers a request only when it may."""

    def __init__(self) -> None:
        super().__init__(hold={ONE})
        self.answers = asyncio.Event()

    async def start_download(self, request: DownloadRequest) -> DownloadProgress:
        task = await super().start_download(request)
        await self.answers.wait()
        return task


async def test_a_notification_that_is_faster_than_the_answer_reaches_its_job() -> None:
    download = SlowPeer()
    waiter = DownloadWaiter(download, patience=3600)
    fetching = asyncio.create_task(waiter.fetch(DownloadRequest(video_id=ONE)))
    await until(lambda: download.tasks)
    of_job = asyncio.create_task(waiter.deliver(finished(download.task_of(ONE))))
    of_other = asyncio.create_task(waiter.deliver(finished("direct")))
    await asyncio.sleep(0)
    download.answers.set()
    assert (await of_job, await of_other) == (True, False)
    assert (await fetching).task_id == download.task_of(ONE)
