import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from tests.unit.jobs.peers import DownloadPeer, MetadataPeer, StoragePeer
from ytarchive.common.config import Settings, load_settings
from ytarchive.jobs import CreateJob, Job, JobOptions, JobType, ServiceRegistry
from ytarchive.jobs.neighbours import Neighbours
from ytarchive.jobs.service import JobsService

T = TypeVar("T")


@dataclass
class Workshop:
    """A Jobs service over peers, as a test sees it."""

    state_path: Path
    settings: Settings
    metadata: MetadataPeer = field(default_factory=MetadataPeer)
    download: DownloadPeer = field(default_factory=DownloadPeer)
    storage: StoragePeer = field(default_factory=StoragePeer)
    unwell: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def open(self, *, whole_queue: bool = True) -> AsyncIterator[JobsService]:
        """The service on the workshop's state folder, as a fresh process would open it."""

        async def probe(entry: ServiceRegistry) -> bool:
            return entry.service_name not in self.unwell

        neighbours = Neighbours(self.metadata, self.download, self.storage)
        async with JobsService.open(
            self.settings, self.state_path, neighbours, probe, whole_queue=whole_queue
        ) as jobs:
            self.download.listener = jobs
            yield jobs


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    settings = load_settings(
        download={"concurrency": 4, "pace": "off"},
        jobs={
            "retry_base": 0.01,
            "notification_timeout": 0.05,
            "health_interval": 0.05,
            "shutdown_grace": 0,
        },
    )
    return Workshop(tmp_path, settings)


async def ended(jobs: JobsService, job_id: str) -> Job:
    """The job, once nothing more will happen to it."""
    async with asyncio.timeout(30):
        while not (job := await jobs.get_job(job_id)).status.is_final:
            await asyncio.sleep(0.005)
    return job


async def until(fact: Callable[[], object]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(30):
        while not fact():
            await asyncio.sleep(0.005)


async def eventually(fact: Callable[[], Awaitable[T | None]]) -> T:
    """What `fact` gives once that is something; asked again and again."""
    async with asyncio.timeout(10):
        while not (found := await fact()):
            await asyncio.sleep(0.005)
    return found


def videos(*video_ids: str, **options: object) -> CreateJob:
    """A VIDEO_DOWNLOAD job."""
    return CreateJob(
        type=JobType.VIDEO_DOWNLOAD,
        video_ids=list(video_ids),
        options=JobOptions.model_validate(options),
    )


Opened = AbstractAsyncContextManager[JobsService]
